"""Money that a run left promised when it ended: no end of ours should, and a defect must not hold money for ever."""

from __future__ import annotations

from django.db import transaction

from hybridops.domain.actors import SYSTEM
from hybridops.experiments.books import hold
from hybridops.experiments.models import Run, Submission
from hybridops.quotas import services as quotas
from hybridops.quotas.queries import promised_runs


@transaction.atomic(savepoint=False)
def expire_left(run_id: int) -> None:
    """Gives back what a run that is over left promised and no submission of it needs."""
    hold(run_id)
    if not Run.objects.filter(pk=run_id).exclude(outcome="").exists():
        return
    needed = set(
        Submission.objects.filter(run_id=run_id, settled=False).values_list("reservation", flat=True)
    )
    for key in sorted(set(quotas.keys_held(run_id)) - needed):
        quotas.expire(key=key, why="its run had ended", actor=SYSTEM)


def left_promised() -> list[int]:
    """The runs that are over and still have money promised beside what their submissions need."""
    ended = Run.objects.exclude(outcome="").filter(pk__in=promised_runs())
    open_ones = Submission.objects.filter(run__in=ended, settled=False).values_list("reservation", flat=True)
    return sorted(set(ended.values_list("pk", flat=True)) & set(promised_runs(but=list(open_ones))))
