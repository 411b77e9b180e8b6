"""The money of runs added up by the database: a few cells in place of every run, for pages about costs.

Ended runs are read from their outcomes, which late bills and booked corrections reach too; open ones one by one. A
run's money counts where it was submitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, QuerySet, Sum, Value, When

from hybridops.domain.states import RunState
from hybridops.experiments.figures import NO_QPU, Spend, open_spends
from hybridops.experiments.outcome import Outcome
from hybridops.teams.access import check_may, teams_with
from hybridops.teams.models import Project, User
from hybridops.teams.permissions import Permission

OPEN = "open"
COLUMNS: Mapping[str, str] = {
    "team": "team__slug",
    "project": "project__slug",
    "backend": "backend",
    "workflow": "workflow",
    "outcome": "outcome",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """Runs that are alike, submitted from `made_at` on and before the next bound. Money in micro-dollars."""

    made_at: datetime
    state: str
    keys: Mapping[str, str]
    names: Mapping[str, str]
    runs: int
    micro: int
    qpu_micro: int

    @property
    def accepted(self) -> int:
        return self.runs if self.state == RunState.ACCEPTED else 0


def seen(user: User) -> tuple[int, ...]:
    """The teams whose costs this person sees. Raises NotYours where there is none."""
    check_may(user, Permission.SEE_COSTS)
    return tuple(teams_with(user, Permission.SEE_COSTS).values_list("pk", flat=True))


def ended(
    teams: Sequence[int],
    since: datetime,
    until: datetime | None = None,
    only: Mapping[str, str] | None = None,
) -> QuerySet[Outcome]:
    """The ended runs of these teams, submitted from `since` on and before `until`, with `only` these columns."""
    rows = Outcome.objects.filter(team__in=teams, made_at__gte=since)
    if until is not None:
        rows = rows.filter(made_at__lt=until)
    wanted = {name: "" if key == NO_QPU else key for name, key in (only or {}).items()}
    return rows.filter(**{COLUMNS[name]: key for name, key in wanted.items()})


def cells(user: User, bounds: Iterable[datetime]) -> list[Cell]:
    """Everything submitted from the first bound on, added up between each bound and the next; the last is open."""
    starts = sorted(set(bounds))
    rows = ended(seen(user), starts[0]).order_by().annotate(slot=_slot(starts))
    by = ("slot", "project_id", "backend", "workflow", "outcome")
    sums = rows.values_list(*by).annotate(n=Count("*"), micro=Sum("cost_micro"), qpu=Sum("qpu_micro"))
    places = _places()
    found = [_cell(starts, places, row) for row in sums]
    return found + [_open(one, starts) for one in open_spends(user) if one.made_at >= starts[0]]


def _slot(starts: Sequence[datetime]) -> Case:
    later = [When(made_at__gte=start, then=Value(at)) for at, start in reversed(list(enumerate(starts)))]
    return Case(*later, default=Value(0), output_field=IntegerField())


def _places() -> dict[int, tuple[dict[str, str], dict[str, str]]]:
    """Of each project the keys and the names of itself and its team."""
    columns = ("pk", "slug", "name", "team__slug", "team__name")
    return {
        pk: ({"project": slug, "team": team}, {"project": name, "team": team_name})
        for pk, slug, name, team, team_name in Project.objects.values_list(*columns)
    }


def _cell(starts: Sequence[datetime], places: Mapping[int, Any], row: Sequence[Any]) -> Cell:
    slot, project, backend, workflow, outcome, runs, micro, qpu = row
    keys, names = places[project]
    more = {"backend": backend or NO_QPU, "workflow": workflow, "outcome": outcome}
    return Cell(starts[slot], outcome, {**keys, **more}, {**names, **more}, runs, micro, qpu)


def _open(one: Spend, starts: Sequence[datetime]) -> Cell:
    start = max(start for start in starts if start <= one.made_at)
    keys, names = ({**told, "outcome": OPEN} for told in (one.keys, one.names))
    return Cell(start, one.state, keys, names, 1, one.micro, one.qpu_micro)


def listed(
    user: User, since: datetime, only: Mapping[str, str], most: int | None = None
) -> tuple[list[Spend], int]:
    """The runs behind the cells of one view, the newest first, and how many there are."""
    going = [one for one in open_spends(user) if one.made_at >= since and _fits(one, only)]
    rows = [] if only.get("outcome") == OPEN else ended(seen(user), since, only=only)
    count = len(going) + (rows.count() if isinstance(rows, QuerySet) else 0)
    columns = ("run_id", "outcome", "made_at", "run__experiment__title", "workflow", "backend")
    told: list[Spend] = []
    if isinstance(rows, QuerySet):
        places = _places()
        found = rows.order_by("-made_at", "-run_id").values_list(
            *columns, "project_id", "cost_micro", "qpu_micro"
        )
        told = [_spend(row, places) for row in (found[:most] if most else found)]
    both = sorted([*going, *told], key=lambda one: (one.made_at, one.run), reverse=True)
    return both[:most], count


def _fits(one: Spend, only: Mapping[str, str]) -> bool:
    return all((OPEN if name == "outcome" else one.keys[name]) == key for name, key in only.items())


def _spend(row: Sequence[Any], places: Mapping[int, Any]) -> Spend:
    run, outcome, made_at, title, workflow, backend, project, micro, qpu = row
    keys, names = places[project]
    more = {"backend": backend or NO_QPU, "workflow": workflow, "outcome": outcome}
    return Spend(run, title, outcome, made_at, {**keys, **more}, {**names, **more}, micro, qpu)
