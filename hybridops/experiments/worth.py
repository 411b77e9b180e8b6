"""The numbers behind the weekly review: how each signed workflow fared for the teams of who asks."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, F, Max, Q, Sum

from hybridops.domain import clock
from hybridops.domain.money import from_micro
from hybridops.domain.promotion import Worth
from hybridops.domain.states import RunState
from hybridops.experiments.findings import outcomes_for
from hybridops.teams.models import User

LOOKED_BACK = timedelta(days=90)
EARNED = "quantum samples"  # as domain/verdict.py credits


def worth_of(user: User) -> dict[str, Worth]:
    """By the digest of a definition: its runs of the last 90 days that ended, as this person may see them.

    One question for all of them, of the rows that ended runs leave; no summary is opened.
    """
    now = clock.now()
    rows = outcomes_for(user).filter(made_at__gte=now - LOOKED_BACK).order_by().values_list("definition")
    found = rows.annotate(
        n=Count("pk"),
        hits=Count("pk", filter=Q(outcome=RunState.ACCEPTED)),
        improved=Count("pk", filter=Q(best__lt=F("heuristic"))),
        earned=Count("pk", filter=Q(credit=EARNED)),
        degraded=Count("pk", filter=Q(outcome=RunState.DEGRADED)),
        micro=Sum("cost_micro"),
        last=Max("made_at"),
    )
    return {
        digest: Worth(n, hits, improved, earned, degraded, from_micro(micro), (now - last).days)
        for digest, n, hits, improved, earned, degraded, micro, last in found
    }
