"""Before any money: what needs no QPU is answered without one, unless research says why not."""

from __future__ import annotations

import pytest
from django.db import transaction

from hybridops.approvals.queries import by_subject
from hybridops.domain.errors import BadInput
from hybridops.domain.states import RunState
from hybridops.engine.inline import drive
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import Run, Stage
from hybridops.quotas.queries import reservations
from tests.engine import fake
from tests.world import FAKE, World, publish, submit

RESEARCH = {"priority_class": "research", "anyway": "a negative result is a result"}
BEATEN = {"heuristic": 100.0, "baseline": 120.0, "random": 130.0}
REACHED = {**BEATEN, "random": 99.0}


@pytest.fixture
def controlled(world: World) -> World:
    """The fake workflow with a control before its gate."""
    stage = {
        "key": "control", "kind": "compute", "resource": "cpu", "needs": ["baseline"], "step": "control",
        "seconds_max": 5, "label": "Is a QPU needed?",
    }  # fmt: skip
    stages = [
        {**one, "needs": ["compile", "control"]} if one["key"] == "gate" else one for one in FAKE["stages"]
    ]
    publish({**FAKE, "version": 2, "stages": [*stages[:4], stage, *stages[4:]]}, "workflow")
    return world


def run_with(world: World, monkeypatch: pytest.MonkeyPatch, found: dict[str, float], **asked: str) -> Run:
    monkeypatch.setattr(fake, "CONTROL", found)
    run = submit(world, **asked)
    drive(run.pk)
    return Run.objects.get(pk=run.pk)


def test_what_a_control_reaches_is_answered_classically_and_costs_no_qpu(
    controlled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(controlled, monkeypatch, REACHED)
    assert run.outcome == RunState.DEGRADED
    assert "a QPU is not needed here: random bits, treated alike (99) keeps the acceptance rule" in run.why
    assert by_subject(subject(run.pk)) is None
    assert [held.what for held in reservations(run.pk)] == ["CPU and GPU time"]
    assert not run.submissions.exists()


def test_without_a_classical_fallback_it_is_refused(
    controlled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(controlled, monkeypatch, REACHED, fallback="stop")
    assert run.outcome == RunState.REFUSED
    assert run.why.startswith("A QPU is not needed here")


def test_research_goes_on_with_a_reason_that_reviewers_read(
    controlled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(controlled, monkeypatch, REACHED, **RESEARCH)
    request = by_subject(subject(run.pk))
    assert request is not None
    assert request.evidence["control"]["reached_by"] == ["random"]
    assert (run.plan["anyway"], run.experiment.anyway) == (True, RESEARCH["anyway"])


def test_where_no_control_reaches_it_a_person_is_asked(
    controlled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(controlled, monkeypatch, BEATEN)
    request = by_subject(subject(run.pk))
    assert request is not None
    assert request.evidence["control"]["why"] == ""


@pytest.mark.parametrize("priority", ["validation", "production", "customer-facing"])
def test_only_research_may(world: World, priority: str) -> None:
    with pytest.raises(BadInput, match="Only research") as refused, transaction.atomic():
        submit(world, priority_class=priority, anyway="we have always done so")
    assert refused.value.field == "anyway"
    assert not Stage.objects.exists()
