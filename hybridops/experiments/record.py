"""What a definition has bought so far: the track record that a decision looks at."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from hybridops.domain.states import RunState
from hybridops.experiments.queries import runs_for
from hybridops.quotas.queries import spent_on
from hybridops.teams.models import User


@dataclass(frozen=True, slots=True)
class Record:
    """Ended runs of one definition that this person may see. Money in micro-dollars."""

    ended: int
    accepted: int
    degraded: int
    spent_micro: int


def record_of(user: User, definition: str) -> Record:
    runs = runs_for(user).filter(plan__definition=definition).exclude(outcome="").order_by()
    counts = runs.aggregate(
        ended=Count("pk"),
        accepted=Count("pk", filter=Q(outcome=RunState.ACCEPTED)),
        degraded=Count("pk", filter=Q(outcome=RunState.DEGRADED)),
    )
    return Record(**counts, spent_micro=spent_on(runs.values("pk")))
