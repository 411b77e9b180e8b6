"""The numbers behind the weekly review: how each signed workflow fared for the teams of who asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hybridops.domain import clock
from hybridops.domain.money import from_micro
from hybridops.domain.promotion import Worth
from hybridops.domain.states import RunState
from hybridops.experiments.models import Stage
from hybridops.experiments.queries import runs_for
from hybridops.quotas.queries import spent_micro
from hybridops.teams.models import User

LOOKED_BACK = timedelta(days=90)


@dataclass(slots=True)
class _Tally:
    outcomes: list[str] = field(default_factory=list)
    improved: int = 0
    earned: int = 0
    micro: int = 0
    last: datetime | None = None


def worth_of(user: User) -> dict[str, Worth]:
    """By the digest of a definition: its runs of the last 90 days that ended, as this person may see them."""
    now = clock.now()
    ended = runs_for(user).filter(made_at__gte=now - LOOKED_BACK).exclude(outcome="").order_by("id")
    rows = list(ended.values_list("pk", "experiment__definition_digest", "outcome", "made_at"))
    ids = [row[0] for row in rows]
    spent, verdicts = spent_micro(ids), _verdicts(ids)
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for pk, digest, outcome, made in rows:
        tally, verdict = tallies[digest], verdicts.get(pk, {})
        tally.outcomes.append(outcome)
        tally.improved += (verdict.get("improvement") or 0) > 0
        tally.earned += verdict.get("credit") == "quantum samples"
        tally.micro += spent.get(pk, 0)
        tally.last = max(made, tally.last or made)
    return {digest: _worth(tally, now) for digest, tally in tallies.items()}


def _verdicts(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    done = Stage.objects.filter(run_id__in=list(ids), spec__kind="score", state="done")
    return {pk: verdict or {} for pk, verdict in done.values_list("run_id", "summary__verdict")}


def _worth(tally: _Tally, now: datetime) -> Worth:
    return Worth(
        runs=len(tally.outcomes),
        accepted=tally.outcomes.count(RunState.ACCEPTED),
        improved=tally.improved,
        earned=tally.earned,
        degraded=tally.outcomes.count(RunState.DEGRADED),
        cost_usd=from_micro(tally.micro),
        idle_days=(now - tally.last).days if tally.last else None,
    )
