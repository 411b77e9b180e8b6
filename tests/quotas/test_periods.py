"""Periods by the organisation's days; a closed one takes nothing, and is corrected in the open one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from hybridops.audit.models import AuditEvent
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, NoRoom, Refused
from hybridops.quotas import bills, limits, services
from hybridops.quotas.books import differences
from hybridops.quotas.models import Budget, Invoice, InvoiceLine, LedgerEntry, Reservation
from hybridops.quotas.periods import close_period, day_of, today
from tests.world import World

NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 3, 12, tzinfo=UTC)


@pytest.fixture
def month(world: World) -> World:
    """A budget for November and one for December; the world's own does not count."""
    Budget.objects.update(starts_on="2020-01-01", ends_on="2020-01-02", closed_at=NOVEMBER)
    for name, first, last in (("Nov", (11, 1), (11, 30)), ("Dec", (12, 1), (12, 31))):
        limits.open_budget(
            team_id=world.team.pk, name=name, limit_micro=100, actor=SYSTEM,
            starts_on=date(2026, *first), ends_on=date(2026, *last),
        )  # fmt: skip
    return world


def reserve(world: World, key: str, amount: int) -> Reservation:
    return services.reserve(
        key=key, run_id=1, what="test", amount_micro=amount, team_id=world.team.pk,
        project_id=world.project.pk, backend="aster", price_book="b", actor=SYSTEM,
    )  # fmt: skip


def spent(world: World, key: str, amount: int) -> Reservation:
    reserve(world, key, amount)
    return services.settle(key=key, billed_micro=amount, actor=SYSTEM)


def bill_of(world: World, held: Reservation, billed: int) -> InvoiceLine:
    invoice, _ = Invoice.objects.get_or_create(
        team=world.team, provider="x", number="1", digest="", by=world.farah, imported_at=NOVEMBER
    )
    return InvoiceLine.objects.create(
        invoice=invoice, line=invoice.lines.count() + 2, job=held.key, currency="USD", amount_micro=billed, rate="",
        billed_micro=billed, reservation=held, booked_micro=held.settled_micro,
    )  # fmt: skip


def told(name: str) -> tuple[int, int, int, bool]:
    row = Budget.objects.get(name=name)
    return row.pending_micro, row.posted_micro, row.overrun_micro, row.frozen


def close(world: World) -> Any:
    return close_period(team_id=world.team.pk, last=date(2026, 11, 30), actor=SYSTEM)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Pacific/Auckland", datetime(2026, 11, 30, 12, tzinfo=UTC), date(2026, 12, 1)),
        ("America/Los_Angeles", datetime(2026, 12, 1, 7, 59, tzinfo=UTC), date(2026, 11, 30)),
        ("Europe/Copenhagen", datetime(2026, 3, 31, 21, 59, tzinfo=UTC), date(2026, 3, 31)),  # summer time
        ("Europe/Copenhagen", datetime(2026, 3, 31, 22, 0, tzinfo=UTC), date(2026, 4, 1)),
        ("Europe/Copenhagen", datetime(2026, 10, 31, 22, 59, tzinfo=UTC), date(2026, 10, 31)),  # winter time
        ("Europe/Copenhagen", datetime(2026, 10, 31, 23, 0, tzinfo=UTC), date(2026, 11, 1)),
    ],
)
def test_a_day_begins_where_the_organisation_is(
    settings: Any, zone: str, moment: datetime, day: date
) -> None:
    settings.ORGANISATION_TIME_ZONE = zone
    assert day_of(moment) == day


def test_a_month_begins_at_the_organisation_s_midnight(month: World, settings: Any) -> None:
    settings.ORGANISATION_TIME_ZONE = "Pacific/Auckland"
    with clock.at(datetime(2026, 11, 30, 11, 30, tzinfo=UTC)):  # half past midnight in Auckland
        assert today() == date(2026, 12, 1)
        reserve(month, "k", 5)
    assert (told("Nov"), told("Dec")) == ((0, 0, 0, False), (5, 0, 0, False))


def test_a_period_is_closed_once_nothing_is_open_in_it(month: World) -> None:
    with clock.at(NOVEMBER):
        reserve(month, "k", 40)
        with pytest.raises(BadInput, match="last day is over"), transaction.atomic():
            close(month)
    with clock.at(DECEMBER):
        with pytest.raises(Refused, match="promises"), transaction.atomic():
            close(month)
        services.settle(key="k", billed_micro=45, actor=SYSTEM)  # in November's ledger, where it was promised
        assert told("Nov") == (0, 40, 5, True)
        with pytest.raises(Refused, match="Clear it first"), transaction.atomic():
            close(month)
        limits.clear_overrun(
            budget_id=Budget.objects.get(name="Nov").pk, why="the vendor is right", actor=SYSTEM
        )
        assert [row.name for row in close(month)] == ["Nov"]
        with pytest.raises(BadInput, match="No open budget"), transaction.atomic():
            close(month)
    event = AuditEvent.objects.get(action="budget.closed")
    assert json.loads(event.body)["facts"] == {
        "budget": Budget.objects.get(name="Nov").pk,
        "posted_micro": 40,
        "overrun_micro": 5,
    }
    assert differences() == []


def test_a_closed_period_takes_nothing(month: World) -> None:
    with clock.at(NOVEMBER):
        spent(month, "k", 40)
    with clock.at(DECEMBER):
        close(month)
    november = Budget.objects.get(name="Nov")
    with clock.at(NOVEMBER), pytest.raises(Refused, match="No budget"), transaction.atomic():
        reserve(month, "late", 1)
    for change in ({"posted_micro": 41}, {"limit_micro": 500}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Budget.objects.filter(pk=november.pk).update(**change)


def test_a_late_bill_is_booked_in_the_open_period_and_says_for_which(month: World) -> None:
    with clock.at(NOVEMBER):
        held = spent(month, "k", 40)
    with clock.at(DECEMBER):
        close(month)
        bills.book_difference(line_id=bill_of(month, held, 52).pk, actor=SYSTEM)
    assert (told("Nov"), told("Dec")) == ((0, 40, 0, False), (0, 12, 0, False))
    entry = LedgerEntry.objects.get(kind="ADJUST")
    assert (entry.budget.name, entry.corrects and entry.corrects.name, entry.amount) == ("Dec", "Nov", 12)
    assert Reservation.objects.get(key="k").settled_micro == 52
    assert differences() == []


def test_what_comes_back_for_a_closed_period_makes_no_new_room(month: World) -> None:
    with clock.at(NOVEMBER):
        held = spent(month, "k", 40)
    with clock.at(DECEMBER):
        close(month)
        bills.book_difference(line_id=bill_of(month, held, 30).pk, actor=SYSTEM)
        with pytest.raises(NoRoom), transaction.atomic():
            reserve(month, "l", 101)
    entry = LedgerEntry.objects.get(kind="ADJUST")
    assert (entry.contingency, entry.source, told("Dec")) == (10, -10, (0, 0, 0, False))
    assert differences() == []


def test_a_correction_needs_an_open_period(month: World) -> None:
    with clock.at(NOVEMBER):
        held = spent(month, "k", 40)
    with clock.at(DECEMBER):
        close(month)
    with (
        clock.at(DECEMBER + timedelta(days=60)),
        pytest.raises(Refused, match="no open successor"),
        transaction.atomic(),
    ):
        bills.book_difference(line_id=bill_of(month, held, 30).pk, actor=SYSTEM)
