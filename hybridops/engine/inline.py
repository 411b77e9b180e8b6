"""Drives one run in this process, without broker or workers: for rehearsals, history and tests."""

from __future__ import annotations

from hybridops.domain.states import StageState
from hybridops.engine import advance, poll
from hybridops.experiments.models import Run, Stage, Submission

WORKER = "inline"


def drive(run_id: int) -> Run:
    """Takes every stage that is ready until the run ends or waits for a person or a provider."""
    while True:
        stage = Stage.objects.filter(run_id=run_id, state=StageState.READY).order_by("id").first()
        if stage is None:
            return Run.objects.get(pk=run_id)
        advance.take(stage.pk, WORKER)


def ask_providers(run_id: int) -> None:
    """One round of questions about this run's submissions, due or not."""
    rows = Submission.objects.filter(run_id=run_id, settled=False)
    rows.update(poll_after=0)
    for key in sorted(set(rows.values_list("provider", flat=True))):
        poll.poll(key)
