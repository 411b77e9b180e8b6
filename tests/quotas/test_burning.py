"""Sums of days that are over say what the entries say, whenever they were kept; a wrong one is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridops.domain import clock
from hybridops.quotas import burning
from hybridops.quotas.books import differences
from hybridops.quotas.models import Budget, Day, LedgerEntry
from hybridops.quotas.periods import day_of, today
from tests.world import World

START = datetime(2026, 3, 27, 9, 30, tzinfo=UTC)  # two days before the clocks change in Copenhagen
MINUTES = st.integers(0, 3 * 24 * 60)
STEP = st.one_of(
    st.tuples(st.just("entry"), st.integers(0, 1), st.integers(-900, 900)),
    st.tuples(st.just("keep"), st.just(0), st.just(0)),
    st.tuples(st.just("wait"), MINUTES, st.just(0)),
)


@pytest.fixture
def budgets(world: World, settings: object) -> list[Budget]:
    settings.ORGANISATION_TIME_ZONE = "Europe/Copenhagen"  # type: ignore[attr-defined]
    Budget.objects.update(starts_on=date(2020, 1, 1), ends_on=date(2020, 1, 2), closed_at=START)
    return [
        Budget.objects.create(
            team=world.team,
            name=f"B{n}",
            limit_micro=10**9,
            starts_on=date(2026, 3, 20 + n),
            ends_on=date(2026, 12, 31),
        )
        for n in range(2)
    ]


def write(budget: Budget, posted: int, overrun: int = 0) -> None:
    LedgerEntry.objects.create(
        entry_id=uuid4().hex, budget=budget, kind="ADJUST", amount=abs(posted), posted=posted, overrun=overrun,
        source=-posted - overrun, at=clock.now(),
    )  # fmt: skip


def plain(budgets: list[Budget]) -> dict[int, list[int]]:
    """Entry by entry, without the database's help."""
    last, told = today(), {}
    for one in budgets:
        days = [last - timedelta(days=back) for back in range(burning.DAYS, 0, -1)]
        rows = list(LedgerEntry.objects.filter(budget=one))
        told[one.pk] = [
            sum(row.posted + row.overrun for row in rows if day_of(row.at) == day)
            for day in days
            if day >= one.starts_on
        ]
    return told


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, max_size=14))
def test_whenever_days_are_kept_the_figures_are_those_of_the_entries(
    budgets: list[Budget], steps: list[tuple[str, int, int]]
):
    with transaction.atomic():
        now = START
        for what, number, amount in steps:
            now += timedelta(minutes=number) if what == "wait" else timedelta(seconds=1)
            with clock.at(now):
                if what == "entry":
                    write(budgets[number], amount, overrun=max(0, amount) // 7)
                elif what == "keep":
                    burning.keep_days()
                assert burning.daily_micro(budgets) == plain(budgets)
        with clock.at(now):
            burning.keep_days()
            assert burning.keep_days() == 0
            assert burning.daily_micro(budgets) == plain(budgets)
            assert burning.wrong_days([one.pk for one in budgets]) == []
        transaction.set_rollback(True)


def test_a_day_is_kept_an_hour_after_it_ended_where_the_organisation_is(budgets: list[Budget]):
    midnight = datetime.combine(date(2026, 3, 29), time(), ZoneInfo("Europe/Copenhagen"))
    with clock.at(midnight - timedelta(seconds=1)):
        write(budgets[0], 5)
    with clock.at(midnight + timedelta(minutes=59)):
        burning.keep_days()
        assert not Day.objects.filter(day=date(2026, 3, 28)).exists()
        assert burning.daily_micro(budgets)[budgets[0].pk][-1] == 5
    with clock.at(midnight + timedelta(minutes=61)):
        burning.keep_days()
        assert Day.objects.get(budget=budgets[0], day=date(2026, 3, 28)).micro == 5
        assert not Day.objects.filter(day=date(2026, 3, 29)).exists()
    with clock.at(midnight + timedelta(days=40)):
        burning.keep_days()
        assert not Day.objects.filter(day__lt=today() - timedelta(days=burning.DAYS + 1)).exists()


def test_the_books_name_a_day_that_is_wrong(budgets: list[Budget]):
    with clock.at(START):
        write(budgets[1], 7)
    with clock.at(START + timedelta(days=2)):
        burning.keep_days()
        Day.objects.filter(budget=budgets[1], day=date(2026, 3, 27)).update(micro=8)
        found = [str(one) for one in differences(Budget.objects.filter(pk=budgets[1].pk))]
    assert "B1: 2026-03-27, micro: its entries say 7, the day 8" in found
