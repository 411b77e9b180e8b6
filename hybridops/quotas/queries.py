"""What is left, promised and spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Count, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Abs

from hybridops.domain.errors import NotYours
from hybridops.domain.states import ReservationState
from hybridops.quotas.models import (
    Budget,
    Change,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Reservation,
    SpendingStop,
)
from hybridops.teams.access import people_with, teams_with
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Permission


def budgets_for(
    *, team_id: int, project_id: int, backend: str, on: date, experiment_id: int | None = None
) -> list[Budget]:
    """Every budget that work of this project on this backend counts against, in the order they are locked.

    The organisation's, the team's, the project's and the experiment's, each for all backends and for this one.
    """
    day = connection.ops.adapt_datefield_value(on)
    return list(Budget.objects.raw(_FOR, [team_id, project_id, experiment_id, backend, day, day]))


# In SQL because a run asks it half a dozen times, and making it from its parts costs more than its answer.
_FOR = """
    SELECT * FROM quotas_budget
    WHERE (team_id IS NULL OR team_id = %s) AND (project_id IS NULL OR project_id = %s)
      AND (experiment_id IS NULL OR experiment_id = %s) AND backend IN ('', %s)
      AND starts_on <= %s AND ends_on >= %s AND closed_at IS NULL
    ORDER BY id
"""


def budgets_with(user: User, permission: Permission) -> QuerySet[Budget]:
    """The budgets of the teams in which a person holds a permission, and the organisation's where that is all teams."""
    teams = teams_with(user, permission).values_list("pk", flat=True)
    mine = Q(team_id__in=list(teams))
    if teams and not Team.objects.exclude(pk__in=teams).exists():
        mine |= Q(team_id=None)
    return Budget.objects.filter(mine)


def finance_of(budget: Budget) -> list[int]:
    """Who may change a budget, and is told about it."""
    if budget.team_id is not None:
        return people_with(Permission.MANAGE_BUDGETS, budget.team_id)
    told = [
        set(people_with(Permission.MANAGE_BUDGETS, pk)) for pk in Team.objects.values_list("pk", flat=True)
    ]
    return sorted(set.intersection(*told)) if told else []


def spending_stop() -> SpendingStop | None:
    """The stop that stands now, or None."""
    return SpendingStop.objects.filter(standing=True).first()


def reservations(run_id: int) -> QuerySet[Reservation]:
    """Everything reserved for a run, in order."""
    return Reservation.objects.filter(run_id=run_id).order_by("id")


def spent_micro(run_ids: Iterable[int]) -> dict[int, int]:
    """What each run has cost so far, by run; runs without a bill are missing."""
    rows = Reservation.objects.filter(run_id__in=list(run_ids), settled_micro__isnull=False)
    return dict(rows.values_list("run_id").annotate(total=Sum("settled_micro")))


NEARLY = 0.8  # of the limit promised or spent


def _open_on(rows: QuerySet[Budget], on: date) -> QuerySet[Budget]:
    now = rows.filter(starts_on__lte=on, ends_on__gte=on)
    return now.select_related("team", "project").order_by("team__name", "name")


def budgets_seen(user: User, *, on: date) -> QuerySet[Budget]:
    """The budgets open on a day that count where this person sees costs."""
    return _open_on(budgets_with(user, Permission.SEE_COSTS), on)


def budgets_near_limit(user: User, *, on: date) -> list[Budget]:
    """The open budgets this person manages that are frozen or nearly used up."""
    rows = _open_on(budgets_with(user, Permission.MANAGE_BUDGETS), on)
    return list(
        rows.filter(Q(frozen=True) | Q(limit_micro__lte=(F("pending_micro") + F("posted_micro")) / NEARLY))
    )


def managed_budget(user: User, budget_id: int) -> Budget:
    """One budget to change; raises NotYours whether it is absent or another person's to manage."""
    found = budgets_with(user, Permission.MANAGE_BUDGETS).filter(pk=budget_id).first()
    if found is None:
        raise NotYours("There is no such budget.")
    return found


def check_manages(user: User, team_id: int | None) -> None:
    """Raises NotYours unless this person manages a team's budgets, or all teams' for the organisation's."""
    teams = teams_with(user, Permission.MANAGE_BUDGETS)
    own = teams.filter(pk=team_id).exists() if team_id is not None else manages_all(user)
    if not own:
        raise NotYours("There is nothing here for you.")


def manages_all(user: User) -> bool:
    """Whether this person manages the budgets of every team, and so the organisation's."""
    teams = teams_with(user, Permission.MANAGE_BUDGETS).values("pk")
    return teams.exists() and not Team.objects.exclude(pk__in=teams).exists()


def manages_budgets(user: User) -> set[int]:
    """The teams whose budgets this person changes."""
    return set(teams_with(user, Permission.MANAGE_BUDGETS).values_list("pk", flat=True))


def spent_on(run_ids: QuerySet[Any, Any]) -> int:
    """What the runs of a query have cost together so far."""
    rows = Reservation.objects.filter(run_id__in=run_ids, settled_micro__isnull=False)
    return rows.aggregate(total=Sum("settled_micro"))["total"] or 0


def costs_of(run_ids: QuerySet[Any, Any]) -> dict[int, tuple[int, int]]:
    """(all, QPU part) of what each run has cost so far, by run; runs without a bill are missing."""
    rows = Reservation.objects.filter(run_id__in=run_ids, settled_micro__isnull=False)
    qpu = Sum("settled_micro", filter=Q(key__contains="-qpu-"), default=0)
    sums = rows.values_list("run_id").annotate(total=Sum("settled_micro"), qpu=qpu)
    return {run_id: (total, part) for run_id, total, part in sums}


def promised_to(run_ids: QuerySet[Any, Any]) -> int:
    """What is promised to the runs of a query and not ended."""
    rows = Reservation.objects.filter(run_id__in=run_ids, state=ReservationState.HELD)
    return rows.aggregate(total=Sum("amount_micro"))["total"] or 0


def promised_by_key(keys: Iterable[str]) -> dict[str, int]:
    """What these reservations promise, by key; those that have ended are missing."""
    rows = Reservation.objects.filter(key__in=list(keys), state=ReservationState.HELD)
    return dict(rows.values_list("key", "amount_micro"))


def promised_runs(but: Iterable[str] = ()) -> set[int]:
    """The runs with something promised and not ended, beside the reservations of these keys."""
    rows = Reservation.objects.filter(state=ReservationState.HELD).exclude(key__in=list(but))
    return set(rows.values_list("run_id", flat=True))


def invoices_with(user: User, permission: Permission) -> QuerySet[Invoice]:
    """The bills of the teams in which a person holds a permission, newest first."""
    teams = teams_with(user, permission).values("pk")
    return Invoice.objects.filter(team__in=teams).select_related("team", "by").order_by("-id")


def managed_invoice(user: User, invoice_id: int) -> Invoice:
    """One bill to work on; raises NotYours whether it is absent or another team's."""
    found = invoices_with(user, Permission.MANAGE_BUDGETS).filter(pk=invoice_id).first()
    if found is None:
        raise NotYours("There is no such invoice.")
    return found


def managed_line(user: User, line_id: int) -> InvoiceLine:
    """One line to work on; raises NotYours whether it is absent or another team's."""
    rows = InvoiceLine.objects.select_related("invoice", "reservation")
    found = rows.filter(
        pk=line_id, invoice__in=invoices_with(user, Permission.MANAGE_BUDGETS).values("pk")
    ).first()
    if found is None:
        raise NotYours("There is no such line.")
    return found


def invoice_seen(user: User, invoice_id: int) -> Invoice:
    """One bill to read; raises NotYours whether it is absent or another team's."""
    found = invoices_with(user, Permission.SEE_COSTS).filter(pk=invoice_id).first()
    if found is None:
        raise NotYours("There is no such invoice.")
    return found


def open_lines(user: User, permission: Permission = Permission.MANAGE_BUDGETS) -> QuerySet[InvoiceLine]:
    """The lines of bills that need a person: what does not fit, and differences that nobody decided on."""
    mine = invoices_with(user, permission).values("pk")
    rows = InvoiceLine.objects.filter(how="", invoice__in=mine)
    return rows.select_related("invoice", "reservation").order_by("invoice_id", "line")


@dataclass(frozen=True, slots=True)
class Left:
    """Lines that need a person: how many, how many of them fit nothing of ours, how far the others are away."""

    lines: int
    strange: int
    apart_micro: int


def left_over(lines: QuerySet[InvoiceLine]) -> Left:
    """What is left of these lines, counted in one statement."""
    told = lines.order_by().aggregate(
        lines=Count("pk"),
        strange=Count("pk", filter=Q(booked_micro=None)),
        apart=Sum(Abs(F("billed_micro") - F("booked_micro")), default=0),
    )
    return Left(told["lines"], told["strange"], told["apart"])


def open_changes(user: User) -> list[Change]:
    """The proposals that wait for a second person, in what this person manages."""
    waiting = Change.objects.filter(decided_at=None).select_related("by", "budget", "line__invoice")
    budgets = budgets_with(user, Permission.MANAGE_BUDGETS).values("pk")
    mine = Q(budget__in=budgets) | Q(
        line__invoice__in=invoices_with(user, Permission.MANAGE_BUDGETS).values("pk")
    )
    return list(waiting.filter(mine).order_by("pk"))


def open_change_of(user: User, change_id: int) -> Change:
    """One proposal to decide on; raises NotYours whether it is absent, decided, or of others."""
    found = [change for change in open_changes(user) if change.pk == change_id]
    if not found:
        raise NotYours("There is no such proposal.")
    return found[0]


def entries_seen(user: User) -> QuerySet[LedgerEntry]:
    """The ledgers of the budgets that count where this person sees costs, newest entry first."""
    budgets = budgets_with(user, Permission.SEE_COSTS).values("pk")
    rows = LedgerEntry.objects.filter(budget__in=budgets)
    return rows.select_related("budget", "reservation", "line", "corrects").order_by("-id")


def closable(user: User, *, on: date) -> QuerySet[Budget]:
    """The budgets that this person manages, whose period is over and that are not closed."""
    rows = budgets_with(user, Permission.MANAGE_BUDGETS).filter(closed_at=None, ends_on__lt=on)
    return rows.select_related("team", "project").order_by("ends_on", "pk")


def billed_of(key: OuterRef) -> QuerySet[Reservation]:
    """The reservation of this key if a bill came: what was promised, and what was billed with its corrections."""
    return Reservation.objects.filter(key=key, state=ReservationState.SETTLED)
