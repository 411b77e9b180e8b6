"""One run end to end, driven in this process: the engine with the simulator's place taken by a scripted cloud."""

from __future__ import annotations

import pytest

from hybridops.approvals.queries import by_subject
from hybridops.audit.models import AuditEvent
from hybridops.audit.services import seal, sequence
from hybridops.audit.verify import verify
from hybridops.domain.states import RunState
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import Run
from hybridops.quotas.models import Budget, Reservation
from tests.engine.fake import CLOUD
from tests.presence import here
from tests.world import World, submit


def decide(world: World, run: Run, verdict: str = "approve", **more: object) -> None:
    request = by_subject(subject(run.pk))
    assert request is not None
    services.decide(
        user=world.mikkel,
        presence=here(),
        request_id=request.pk,
        verdict=verdict,
        digest_shown=request.digest,
        reason="looks right",
        **more,  # type: ignore[arg-type]
    )


def finish(run: Run) -> Run:
    for _ in range(30):
        drive(run.pk)
        ask_providers(run.pk)
    return Run.objects.get(pk=run.pk)


def test_a_run_passes_every_stage_and_costs_what_its_submissions_cost(world: World) -> None:
    run = submit(world)
    assert drive(run.pk).state == RunState.AWAITING_APPROVAL
    decide(world, run)
    ended = finish(run)
    assert (ended.state, ended.outcome) == (RunState.ACCEPTED, RunState.ACCEPTED), ended.why
    assert ended.submissions.count() == 3
    assert len(CLOUD.jobs) == 3
    assert not Reservation.objects.filter(state="held").exists()
    budget = Budget.objects.get()
    assert budget.pending_micro == 0
    assert budget.posted_micro == sum(Reservation.objects.values_list("settled_micro", flat=True))
    assert ended.submissions.filter(settled=True, cost_micro=1_300_000).count() == 3


def test_every_move_is_in_a_log_that_verifies(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    decide(world, run)
    finish(run)
    sequence()
    assert seal() is not None
    report = verify()
    assert report.verified, report.findings
    assert report.tail == 0
    events = AuditEvent.objects.filter(stream=f"run:{run.pk}")
    assert events.count() == events.order_by("-seq").first().seq


@pytest.mark.parametrize(
    ("verdict", "fallback", "outcome"),
    [
        ("reject", "stop", RunState.REFUSED),
        ("reject", "classical", RunState.DEGRADED),
        ("changes", "stop", RunState.REFUSED),
    ],
)
def test_a_declined_run_takes_its_fallback(world: World, verdict: str, fallback: str, outcome: str) -> None:
    run = submit(world, fallback=fallback)
    drive(run.pk)
    decide(world, run, verdict)
    ended = finish(run)
    assert ended.outcome == outcome, ended.why
    assert not CLOUD.jobs
    assert Budget.objects.get().pending_micro == 0
