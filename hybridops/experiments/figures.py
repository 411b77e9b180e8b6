"""What runs cost and what that bought. A run's money counts where the run was submitted, so that every
total is the sum of the runs it opens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from django.db.models import QuerySet

from hybridops.domain.money import from_micro
from hybridops.domain.states import RunState
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.queries import costs_of, promised_runs, promised_to
from hybridops.teams.access import check_may, teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission

GROUPS = ("project", "team", "backend", "workflow")
NO_QPU = "no QPU"


@dataclass(frozen=True, slots=True)
class Spend:
    """One run with its cost so far in micro-dollars. `keys` and `names` place it in each group."""

    run: int
    title: str
    state: str
    made_at: datetime
    keys: Mapping[str, str]
    names: Mapping[str, str]
    micro: int
    qpu_micro: int

    @property
    def runs(self) -> int:
        return 1

    @property
    def accepted(self) -> int:
        return int(self.state == RunState.ACCEPTED)


class Costs(Protocol):
    """One run, or many alike that were added up."""

    @property
    def state(self) -> str: ...
    @property
    def made_at(self) -> datetime: ...
    @property
    def keys(self) -> Mapping[str, str]: ...
    @property
    def names(self) -> Mapping[str, str]: ...
    @property
    def runs(self) -> int: ...
    @property
    def accepted(self) -> int: ...
    @property
    def micro(self) -> int: ...
    @property
    def qpu_micro(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Total:
    runs: int
    accepted: int
    usd: Decimal
    qpu_usd: Decimal
    accepted_usd: Decimal  # what the accepted runs themselves cost

    @property
    def per_accepted(self) -> Decimal | None:
        """All money of all runs over the accepted ones; None where none was accepted, never zero."""
        return self.usd / self.accepted if self.accepted else None


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    name: str
    total: Total


def spends(user: User, since: datetime) -> list[Spend]:
    """Every run submitted since, of the teams whose costs this person sees: three queries.

    Raises NotYours where the person sees no costs at all.
    """
    check_may(user, Permission.SEE_COSTS)
    return _spends(_runs(user).filter(made_at__gte=since))


def open_spends(user: User) -> list[Spend]:
    """The same of the runs that have not ended."""
    return _spends(_runs(user).filter(ended_at=None))


def _runs(user: User) -> QuerySet[Run]:
    teams = teams_with(user, Permission.SEE_COSTS).values("pk")
    return Run.objects.filter(experiment__project__team__in=teams)


def _spends(runs: QuerySet[Run]) -> list[Spend]:
    costs = costs_of(runs.values("pk"))
    sent = Submission.objects.filter(run__in=runs.values("pk")).order_by("ordinal")
    backends = dict(sent.values_list("run_id", "backend"))  # the last one stands for the run
    rows = runs.order_by("-id").values_list(*_COLUMNS)  # without the plans, which are long
    return [_spend(row, backends.get(row[0], NO_QPU), *costs.get(row[0], (0, 0))) for row in rows]


_COLUMNS = (
    *("pk", "state", "made_at", "experiment__title", "experiment__workflow"),
    *(f"experiment__project__{name}" for name in ("slug", "name", "team__slug", "team__name")),
)


def _spend(row: tuple[Any, ...], backend: str, micro: int, qpu_micro: int) -> Spend:
    pk, state, made_at, title, workflow, project, project_name, team, team_name = row
    keys = {"project": project, "team": team, "backend": backend, "workflow": workflow}
    names = {**keys, "project": project_name, "team": team_name}
    return Spend(pk, title, state, made_at, keys, names, micro, qpu_micro)


def promised_usd(user: User) -> Decimal:
    """What open runs of those teams may still cost."""
    return from_micro(promised_to(_runs(user).filter(pk__in=promised_runs()).values("pk")))


def narrowed[Row: Costs](rows: Iterable[Row], only: Mapping[str, str]) -> list[Row]:
    return [row for row in rows if all(row.keys[name] == key for name, key in only.items())]


def between[Row: Costs](rows: Iterable[Row], since: datetime, until: datetime) -> list[Row]:
    return [row for row in rows if since <= row.made_at < until]


def total(rows: Iterable[Costs]) -> Total:
    runs = accepted = micro = qpu_micro = good_micro = 0
    for row in rows:  # in one pass: a page adds up ten thousand cells several times
        runs += row.runs
        micro += row.micro
        qpu_micro += row.qpu_micro
        if hits := row.accepted:
            accepted += hits
            good_micro += row.micro
    return Total(runs, accepted, from_micro(micro), from_micro(qpu_micro), from_micro(good_micro))


def grouped(rows: Iterable[Costs], by: str) -> list[Group]:
    """One group a key, the dearest first; their totals add up to the total of all rows."""
    found: dict[str, list[Costs]] = defaultdict(list)
    for row in rows:
        found[row.keys[by]].append(row)
    made = [Group(key, members[0].names[by], total(members)) for key, members in found.items()]
    return sorted(made, key=lambda group: (-group.total.usd, group.name))


def weekly(rows: Iterable[Costs], now: datetime, weeks: int = 12) -> list[tuple[datetime, Total]]:
    """The last weeks, oldest first, each with the start of its seven days; the last one ends now."""
    starts = [now - timedelta(weeks=back) for back in range(weeks, 0, -1)]
    found: dict[int, list[Costs]] = defaultdict(list)
    for row in rows:
        found[(row.made_at - starts[0]) // timedelta(weeks=1)].append(row)
    return [(start, total(found[at])) for at, start in enumerate(starts)]


def bought(rows: Iterable[Costs]) -> dict[str, Decimal]:
    """The same money by what became of the run; a run that has not ended is `open`."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[_BOUGHT.get(row.state, "open")] += row.micro
    return {kind: from_micro(micro) for kind, micro in sums.items()}


_BOUGHT: Mapping[str, str] = {
    RunState.ACCEPTED: "accepted",
    RunState.NOT_ACCEPTED: "finished",
    RunState.DEGRADED: "finished",
    RunState.FAILED: "failed",
    RunState.REFUSED: "failed",
    RunState.EXPIRED: "failed",
    RunState.CANCELLED: "cancelled",
}
