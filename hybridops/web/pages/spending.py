"""The cost page's question, read from its address, and the answer as values for the template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone

from hybridops.domain import clock
from hybridops.domain.errors import BadInput
from hybridops.experiments import figures as costs
from hybridops.experiments.cells import Cell, cells, seen
from hybridops.experiments.figures import GROUPS, Total
from hybridops.teams.models import User
from hybridops.web import figures, fmt
from hybridops.web.answers import cost as answers
from hybridops.web.viewmodels.unit_costs import BEHIND, Question

PERIODS = {"30": "over the last 30 days", "90": "over the last 90 days", "month": "this month"}
SHORT = {"30": "30 days", "90": "90 days", "month": "This month"}
WEEKS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """`only` filters, `by` groups what is left; a filtered view also lists its runs, so does an opened `figure`."""

    by: str = "project"
    period: str = "30"
    only: Mapping[str, str] = field(default_factory=dict)
    figure: str = ""
    now: datetime = field(default_factory=clock.now)

    @property
    def since(self) -> datetime:
        if self.period == "month":
            return timezone.localtime(self.now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return self.now - timedelta(days=int(self.period))

    @property
    def before(self) -> datetime:
        """As long before."""
        return self.since - (self.now - self.since)

    def link(self, **changes: Any) -> str:
        """The same view with something else: every view has an address."""
        asked = {"by": self.by, "period": self.period, **self.only, **changes}
        return "?" + urlencode({key: value for key, value in asked.items() if value})


def asked(query: QueryDict) -> Asked:
    """Raises BadInput for a grouping or a period that does not exist."""
    by, period = query.get("by", "project"), query.get("period", "30")
    if by not in GROUPS:
        raise BadInput(
            f"Costs are grouped by {', '.join(GROUPS)}; there is no grouping by {by[:40]!r}.", field="by"
        )
    if period not in PERIODS:
        raise BadInput("The period is 30, 90 or month.", field="period")
    figure = query.get("figure", "")
    if figure and figure not in BEHIND:
        raise BadInput("There is no such figure about costs.", field="figure")
    return Asked(by, period, {name: key for name in GROUPS if (key := query.get(name, ""))}, figure)


@dataclass(frozen=True)
class View:
    """One view with its cells: those of the period, and all that the trend and the comparison need."""

    asked: Asked
    rows: list[Cell]
    all: list[Cell]
    user: User
    teams: tuple[int, ...]

    @property
    def question(self) -> Question:
        """The same for the figures."""
        return Question(self.user, self.teams, self.asked.since, self.asked.now, self.asked.only)

    @property
    def before(self) -> list[Cell]:
        """What was submitted in as long a time before."""
        return costs.between(self.all, self.asked.before, self.asked.since)

    @cached_property
    def total(self) -> Total:
        return costs.total(self.rows)


def view_of(question: Asked, user: User) -> View:
    """Reads everything that was submitted since the earliest day on the page, added up between its bounds."""
    weeks = (question.now - timedelta(weeks=back) for back in range(WEEKS + 1))
    rows = costs.narrowed(cells(user, [question.before, question.since, *weeks]), question.only)
    return View(question, [row for row in rows if row.made_at >= question.since], rows, user, seen(user))


def values(view: View) -> dict[str, Any]:
    """What the template shows."""
    question = view.asked
    before = costs.total(view.before)
    return {
        "asked": question,
        "period": PERIODS[question.period],
        "total": view.total,
        "before": before,
        "division": answers.division(view.total),
        "per_accepted": answers.per_accepted(view.total),
        "per_accepted_before": answers.per_accepted(before),
        "change": _change(view.total, before),
        "good_share": view.total.accepted_usd / view.total.usd if view.total.usd else fmt.NOT_APPLICABLE,
        "groups": _groups(view),
        "trend": figures.trend(figures.Trend(tuple(_week(*week) for week in _weeks(view)))),
        "bought": figures.outcome_bar(_outcomes(view.rows)),
        "by_links": [(name, question.link(by=name), name == question.by) for name in GROUPS],
        "period_links": [(SHORT[key], question.link(period=key), key == question.period) for key in SHORT],
        "filters": [(name, _name(view, name), question.link(**{name: ""})) for name in question.only],
        "csv": question.link(figure=question.figure),
        "figure_link": question.link(figure=""),
    }


def _name(view: View, group: str) -> str:
    return view.all[0].names[group] if view.all else view.asked.only[group]


def _change(now: Total, before: Total) -> Decimal | None:
    if now.per_accepted is None or not before.per_accepted:
        return None
    return (now.per_accepted - before.per_accepted) / before.per_accepted


def _groups(view: View) -> list[dict[str, Any]]:
    """Each row opens the same page filtered by it; the next grouping is one that is not filtered yet."""
    free = [name for name in GROUPS if name not in {*view.asked.only, view.asked.by}]
    following = free[0] if free else view.asked.by
    return [
        {
            "name": group.name,
            "total": group.total,
            "per_accepted": answers.per_accepted(group.total),
            "link": view.asked.link(**{view.asked.by: group.key, "by": following}),
            "spark": _spark(view, group),
        }
        for group in costs.grouped(view.rows, view.asked.by)
    ]


def _spark(view: View, group: costs.Group) -> figures.Figure:
    rows = costs.narrowed(view.all, {view.asked.by: group.key})
    weeks = [total.usd for _, total in costs.weekly(rows, view.asked.now, WEEKS)]
    return figures.sparkline(weeks, f"{group.name}, spend in each of the last {WEEKS} weeks")


def _weeks(view: View) -> list[tuple[datetime, Total]]:
    return costs.weekly(view.all, view.asked.now, WEEKS)


def _week(start: datetime, total: Total) -> figures.Week:
    return figures.Week(fmt.day(start), total.accepted, total.per_accepted)


_BOUGHT = (
    ("accepted", "accepted", "Accepted results"),
    ("finished", "finished", "Not accepted or degraded"),
    ("open", "baseline", "Not ended yet"),
    ("failed", "failed", "Failed, refused, lapsed"),
    ("cancelled", "cancelled", "Cancelled"),
)


def _outcomes(rows: list[Cell]) -> figures.Outcomes:
    sums = costs.bought(rows)
    parts = ((kind, words, sums.get(key, Decimal(0))) for key, kind, words in _BOUGHT)
    return figures.Outcomes(tuple(figures.Outcome(*part) for part in parts if part[2]))
