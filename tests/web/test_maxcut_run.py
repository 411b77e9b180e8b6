"""A graph that comes installed, from the upload page's list to the drawing of its cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridops.domain.states import RunState
from hybridops.engine import intake
from hybridops.engine.builtin import document
from hybridops.experiments.models import Run
from hybridops.web.viewmodels.drawings import picture
from hybridops.web.viewmodels.results import answer_of, candidates
from tests.web.routing_world import SignIn, add_family, decide, finish, ideal_provider, routing_run
from tests.world import World

PARAMETERS = {
    "shots": 128,
    "qubits_max": 6,
    "layers": 1,
    "baseline_seconds": 0.5,
    "angle_strategy": "transferred",
}


def cut_run(world: World, key: str, **changes: Any) -> Run:
    return routing_run(
        world, add_family(world, "maxcut", key), workflow="maxcut", parameters=PARAMETERS, **changes
    )


@pytest.mark.slow
def test_the_karate_club_is_cut_on_a_qpu(world: World, as_: SignIn) -> None:
    """Submitted with a reason although no QPU is needed, approved, sampled, scored: its page shows the two sides."""
    with ideal_provider():
        run = cut_run(world, "karate-club")
        decide(world.mikkel, run)
        run = finish(run)
        assert run.outcome == RunState.ACCEPTED, run.why
        found = {stage.key: stage.summary for stage in run.stages.all()}["score"]
        page = as_(world.ines).get(f"/runs/{run.pk}/").content.decode()
    assert found["arms"]["quantum"]["objective"] <= found["arms"]["heuristic"]["objective"]
    assert f"{found['answer']['objective']}\u202funcut" in page
    assert "The two sides" in page and f"weight {found['answer']['cut_weight']}" in page
    assert "Member 34, side" in page
    assert found["candidates"][0]["bits"] in page


@pytest.mark.slow
def test_without_a_reason_no_qpu_is_paid(world: World) -> None:
    """Random bits and a proof do as well: the run ends before anybody is asked."""
    with ideal_provider():
        run = cut_run(world, "les-miserables", anyway="")
        run = finish(run)
    assert run.outcome in (RunState.DEGRADED, RunState.REFUSED)
    assert "QPU is not needed here" in run.why


def test_the_document_is_of_the_family(world: World) -> None:
    """Every step that the document names is there, and its acceptance is one that the verdict knows."""
    from hybridops.domain.workflow import parse
    from hybridops.workflows.maxcut import MaxCut

    definition = parse(document("maxcut"))
    steps = {stage.step for stage in definition.stages if stage.kind in ("validate", "compute", "score")}
    assert steps - {"compile"} == set(MaxCut.steps) - {"answer_classically"}
    assert {one.key for one in intake.BUILTINS["maxcut"]} == {"karate-club", "les-miserables"}


def test_negative_energies_are_compared_by_size() -> None:
    """-90 against -100 is 10 % worse, although the plain ratio says 10 % less."""
    arms = {name: {"objective": value} for name, value in
            {"heuristic": -80.0, "baseline": -100.0, "quantum": -90.0}.items()}  # fmt: skip
    found = answer_of(arms)
    assert found.change == pytest.approx(0.1)
    assert found.over_start == pytest.approx(-12.5)
    rows = candidates({"arms": arms})
    assert [row.value for row in rows] == [-100.0, -80.0]
    assert rows[1].percent == pytest.approx(20)


def test_a_large_graph_is_told_in_words() -> None:
    stored = {
        "kind": "cut", "nodes": 800, "edges": [], "edge_count": 19176, "cut_count": 11600, "labels": [], "places": [],
        "sides": "", "side_sizes": [390, 410], "register": [], "cut_weight": 11600, "uncut_weight": 7576,
    }  # fmt: skip
    drawn = picture(json.dumps(stored).encode(), {}, "uncut")
    assert drawn is not None and "none is drawn" in drawn.figure.sentence
    assert "11\u202f600" in drawn.figure.sentence
