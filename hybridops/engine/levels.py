"""The service levels as the database has them: one question a level, for all windows at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from hybridops.approvals.models import ApprovalRequest
from hybridops.domain import clock
from hybridops.domain.levels import LEVELS, PERIOD, WINDOWS, Counted, Standing
from hybridops.domain.states import RequestState, RunState, SubmissionState
from hybridops.experiments.models import Run, Submission

_ANSWERED = (
    RequestState.APPROVED,
    RequestState.CONSUMED,
    RequestState.REJECTED,
    RequestState.CHANGES_REQUESTED,
    RequestState.EXPIRED,
)


def standings() -> list[Standing]:
    """Every level, in their order."""
    counted = {**_runs(), **_jobs(), "answered": _requests()}
    return [Standing(level, counted[level.key]) for level in LEVELS]


def _since(window: str) -> Any:
    return clock.now() - timedelta(seconds=WINDOWS[window])


def _count(rows: QuerySet[Any], at: str, **bad: Q) -> dict[str, dict[str, Counted]]:
    """For each named kind of bad event its windows; `rows` are all events of 28 days."""
    asked: dict[str, Any] = {}
    for number, window in enumerate(WINDOWS):
        within = Q(**{f"{at}__gte": _since(window)})
        asked[f"all_{number}"] = Count("pk", filter=within)
        asked |= {f"{name}_{number}": Count("pk", filter=within & what) for name, what in bad.items()}
    told = rows.filter(**{f"{at}__gte": _since(PERIOD)}).order_by().aggregate(**asked)
    return {
        name: {
            window: Counted(told[f"{name}_{number}"], told[f"all_{number}"])
            for number, window in enumerate(WINDOWS)
        }
        for name in bad
    }


def _runs() -> Mapping[str, Mapping[str, Counted]]:
    ended = Run.objects.exclude(outcome=RunState.CANCELLED)
    dated = Run.objects.filter(told__late__isnull=False)
    return {
        **_count(ended, "ended_at", sound=Q(outcome=RunState.FAILED)),
        **_count(dated, "ended_at", in_time=Q(told__late=True)),
    }


def _jobs() -> Mapping[str, Mapping[str, Counted]]:
    """Settled submissions that were sent. A lost answer leaves look-ups, or its error on a job that came back."""
    rows = Submission.objects.filter(settled=True, sent_at__isnull=False)
    lost = Q(looked_up__gt=0) | Q(state=SubmissionState.RETRIEVED) & ~Q(error="")
    found = _count(rows, "ended_at", sure=lost)
    doubles = (
        rows.exclude(job_id="")
        .filter(ended_at__gte=_since(PERIOD))
        .order_by()
        .values_list("provider", "job_id")
        .annotate(n=Count("pk"), at=Max("ended_at"))
        .filter(n__gt=1)
    )
    times = [at for *_, at in doubles]
    return found | {
        "once": {
            window: Counted(sum(at >= _since(window) for at in times), told.all)
            for window, told in found["sure"].items()
        }
    }


def _requests() -> Mapping[str, Counted]:
    rows = ApprovalRequest.objects.filter(state__in=_ANSWERED)
    return _count(rows, "ended_at", late=Q(state=RequestState.EXPIRED))["late"]
