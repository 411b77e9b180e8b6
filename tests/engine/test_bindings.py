"""A loop under one approval: the template is approved once, and every set of values has to stay inside its domain."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hybridops.approvals.queries import by_subject
from hybridops.audit.models import AuditEvent
from hybridops.domain.ports import StepInput
from hybridops.domain.states import RunState
from hybridops.engine.inline import drive
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.models import Budget, Reservation
from tests.engine.fake import BINDINGS, CLOUD, HOOKS, INPUTS
from tests.engine.test_run import decide, finish
from tests.world import World, submit

LOOP = [[{"theta": 0.0}, {"theta": 1.0}], [{"theta": 0.5}], [{"theta": -1.0}, {"theta": 0.25}]]


@pytest.fixture(autouse=True)
def looping() -> Iterator[None]:
    INPUTS["theta"] = [-1.0, 1.0]
    BINDINGS[:] = LOOP
    yield
    INPUTS.clear()
    BINDINGS.clear()
    HOOKS.clear()


def approved(world: World, **more: object) -> Run:
    run = submit(world)
    assert drive(run.pk).state == RunState.AWAITING_APPROVAL
    decide(world, run, **more)
    return run


def test_the_values_of_every_submission_are_on_record_and_come_back_with_its_samples(world: World) -> None:
    seen: list[list[object]] = []
    HOOKS["score"] = lambda given: seen.append([list(sets) for sets in given.bindings])
    ended = finish(approved(world))
    assert ended.outcome == RunState.ACCEPTED, ended.why
    assert [list(sets) for sets in CLOUD.bound] == LOOP
    assert seen == [LOOP]
    events = AuditEvent.objects.filter(stream=f"run:{ended.pk}").order_by("seq")
    facts = [json.loads(event.body)["facts"] for event in events]
    told = [one["reserved"] for one in facts if "reserved" in one]
    assert [one["bindings"] for one in told] == LOOP
    assert [one["shots"] for one in told] == [200, 100, 200]


def test_each_set_is_a_task_and_the_worst_case_is_promised_for_all(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    request = by_subject(subject(run.pk))
    assert request is not None
    envelope = request.envelope
    assert envelope["inputs"] == [{"name": "theta", "low": -1.0, "high": 1.0}]
    assert (envelope["bindings_max"], envelope["shots_max"]) == (2, 600)
    assert envelope["cost_usd_max"] == "7.8"  # three times two tasks and 200 shots
    decide(world, run)
    drive(run.pk)
    assert Budget.objects.get().pending_micro >= 7_800_000
    finish(run)
    costs = Submission.objects.order_by("ordinal").values_list("cost_micro", flat=True)
    assert list(costs) == [2_300_000, 1_300_000, 2_300_000]
    assert not Reservation.objects.filter(state="held").exists()


@pytest.mark.parametrize(
    "sets",
    [[{"theta": 1.0000001}], [{"theta": 0.0}] * 3, [{}], [{"phi": 0.0}], [], [{"theta": 0.0, "phi": 0.0}]],
)
def test_what_leaves_the_approved_domain_is_never_sent(world: World, sets: list[dict[str, float]]) -> None:
    BINDINGS[:] = [LOOP[0], sets, LOOP[2]]
    ended = finish(approved(world))
    assert len(CLOUD.jobs) == 1
    assert ended.outcome, "the run stands still"
    assert "approved" in ended.why
    assert not Reservation.objects.filter(state="held").exists()


def test_a_reviewer_who_allows_fewer_shots_means_each_circuit(world: World) -> None:
    finish(approved(world, verdict="narrow", limits={"shots_max": 300}))
    assert list(Submission.objects.order_by("ordinal").values_list("shots", flat=True)) == [100, 50, 100]


def test_fewer_submissions_do_not_mean_more_shots_in_each(world: World) -> None:
    finish(approved(world, verdict="narrow", limits={"submissions_max": 2}))
    assert list(Submission.objects.order_by("ordinal").values_list("shots", flat=True)) == [200, 100]


def test_a_repeated_look_asks_for_the_same_values(world: World) -> None:
    """The step is asked again after a refusal by the vendor, and the same values go to the other backend."""
    CLOUD.script = ["refused"]
    asked: list[StepInput] = []
    HOOKS["more"] = asked.append
    finish(approved(world))
    first, second = Submission.objects.order_by("ordinal")[:2]
    assert first.bindings == second.bindings == LOOP[0]
    assert first.backend != second.backend
