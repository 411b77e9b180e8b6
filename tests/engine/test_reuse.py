"""A stage that may be reused is computed once for one input; anything else that goes in makes it another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hybridops.artifacts import removal
from hybridops.domain.actors import SYSTEM
from hybridops.domain.ports import StepInput
from hybridops.engine.inline import drive
from hybridops.experiments.models import Experiment, Run, Stage
from hybridops.teams.models import Team
from hybridops.teams.services import add_project
from tests.engine.fake import HOOKS, MAY_REUSE
from tests.world import World, submit


@pytest.fixture
def computed() -> Iterator[list[str]]:
    """The steps that were really run."""
    seen: list[str] = []

    def look(name: str) -> Any:
        return lambda _: seen.append(name)

    for name in ("work", "encode"):
        HOOKS[name] = look(name)
    yield seen
    HOOKS.clear()


def gone_through(world: World, **more: Any) -> Run:
    run = submit(world, **more)
    for stage in Stage.objects.filter(run=run, key__in=MAY_REUSE):
        Stage.objects.filter(pk=stage.pk).update(spec={**stage.spec, "reuse": True})
    drive(run.pk)
    return run


def stages(run: Run) -> dict[str, Stage]:
    return {stage.key: stage for stage in Stage.objects.filter(run=run)}


def test_the_same_input_is_computed_once_and_says_where_it_comes_from(
    world: World, computed: list[str]
) -> None:
    first, second = gone_through(world), gone_through(world)
    assert sorted(computed) == ["encode", "work"]
    before, after = stages(first), stages(second)
    for key in MAY_REUSE:
        assert after[key].summary == before[key].summary
        assert after[key].made_from == before[key].made_from != ""
        assert after[key].seconds == 0.0
        assert after[key].why == f"taken from R-{first.pk}, computed from the same input"
        assert after[key].device == before[key].device
    assert after["compile"].made_from == ""


@pytest.mark.parametrize("change", [{"parameters": {"rounds": 2}}, {"seed": 8}])
def test_another_input_is_computed(world: World, computed: list[str], change: dict[str, Any]) -> None:
    gone_through(world)
    gone_through(world, **change)
    assert sorted(computed) == ["encode", "encode", "work", "work"]


def test_another_team_s_work_is_not_taken(world: World, computed: list[str]) -> None:
    first = gone_through(world)
    other = Team.objects.get(slug="other")
    elsewhere = add_project(team=other, slug="theirs", name="Theirs", home_region="here", actor=SYSTEM)
    Experiment.objects.filter(pk=first.experiment_id).update(project=elsewhere)
    gone_through(world)
    assert sorted(computed) == ["encode", "encode", "work", "work"]


def test_what_lost_its_files_is_computed_again(world: World, computed: list[str]) -> None:
    first = gone_through(world)
    removal.remove(stages(first)["narrow"].summary["artifacts"].values(), under="a rule")
    gone_through(world)
    assert sorted(computed) == ["encode", "encode", "work"]


def test_without_the_definition_s_word_nothing_is_taken(world: World, computed: list[str]) -> None:
    for _ in range(2):
        drive(submit(world).pk)
    assert sorted(computed) == ["encode", "encode", "work", "work"]


def test_a_step_sees_only_what_it_follows(world: World) -> None:
    seen: list[StepInput] = []
    HOOKS["encode"] = seen.append
    gone_through(world)
    assert set(seen[0].results) == {"validate"}
