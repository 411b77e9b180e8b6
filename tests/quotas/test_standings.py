"""How a budget stood day by day, and the page that draws it: told from its ledger, to the last micro-dollar."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.quotas import limits, services
from hybridops.quotas.models import Budget
from hybridops.quotas.standings import STEPS_MAX, Standing, standings
from hybridops.teams.models import User
from tests.world import World

FIRST = date(2031, 3, 1)
NOON = datetime(2031, 3, 1, 12, tzinfo=UTC)


def opened(world: World, *, days: int = 31, on: datetime = NOON, micro: int = 1_000) -> Budget:
    with clock.at(on):
        return limits.open_budget(
            team_id=world.team.pk, name="=March", limit_micro=micro, starts_on=FIRST,
            ends_on=FIRST + timedelta(days=days - 1), actor=SYSTEM,
        )  # fmt: skip


def promise(world: World, key: str, micro: int) -> None:
    services.reserve(
        key=key, run_id=1, what="x", amount_micro=micro, team_id=world.team.pk, project_id=world.project.pk,
        backend="aster", price_book="0", actor=SYSTEM,
    )  # fmt: skip


def test_each_day_ends_as_the_ledger_left_it(world: World) -> None:
    budget = opened(world)
    with clock.at(NOON + timedelta(days=1)):
        promise(world, "a", 300)
    with clock.at(NOON + timedelta(days=3)):
        services.settle(key="a", billed_micro=120, actor=SYSTEM)
        limits.change_limit(
            budget_id=budget.pk, limit_micro=2_000, seen_micro=1_000, actor=SYSTEM, why="more"
        )
    with clock.at(NOON + timedelta(days=4)):
        promise(world, "b", 50)
        seen = standings(Budget.objects.get(pk=budget.pk))
    days = [FIRST + timedelta(days=i) for i in range(5)]
    assert seen == [
        Standing(days[0], 1_000, 0, 0),
        Standing(days[1], 700, 300, 0),
        Standing(days[2], 700, 300, 0),
        Standing(days[3], 1_880, 0, 120),
        Standing(days[4], 1_830, 50, 120),
    ]
    assert [one.limit for one in seen] == [1_000, 1_000, 1_000, 2_000, 2_000]


@settings(deadline=None)
@given(days=st.integers(1, 800), passed=st.integers(-3, 900))
def test_steps_are_few_and_end_today_or_on_the_last_day(days: int, passed: int) -> None:
    last = FIRST + timedelta(days=days - 1)
    budget = Budget(pk=1, limit_micro=9, posted_micro=2, pending_micro=3, starts_on=FIRST, ends_on=last)
    with clock.at(NOON + timedelta(days=passed)), pytest.MonkeyPatch.context() as patch:
        patch.setattr("hybridops.quotas.standings._moved", lambda *_: {"available": 1, "posted": None})
        seen = standings(budget)
    if passed < 0:
        assert seen == []
        return
    assert seen[-1] == Standing(min(last, FIRST + timedelta(days=passed)), 4, 3, 2)
    on = [one.day for one in seen]
    assert len(seen) <= STEPS_MAX and on == sorted(set(on)) and on[0] >= FIRST


def test_days_before_it_was_opened_are_not_shown(world: World) -> None:
    budget = opened(world, on=NOON + timedelta(days=5))
    with clock.at(NOON + timedelta(days=6)):
        assert [one.day.day for one in standings(budget)] == [6, 7]


def read(user: User, address: str, status: int = 200) -> Any:
    client = Client()
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == status
    return answer


def test_a_budget_that_is_looked_at_is_answered_drawn_and_downloaded(world: World) -> None:
    budget = Budget.objects.get()
    Budget.objects.filter(pk=budget.pk).update(name="=cmd()")
    shown = read(world.farah, f"/cost/budgets/?budget={budget.pk}")
    assert shown.context["looked_at"] == budget
    assert "of the futures it holds to" in str(shown.context["answer"])
    assert 'id="burndown"' in shown.content.decode()
    assert 'id="burndown"' not in read(world.farah, "/cost/budgets/").content.decode()
    told = read(world.aud, f"/cost/budgets/export.csv?budget={budget.pk}").content.decode()
    (row,) = csv.DictReader(io.StringIO(told))
    assert (row["budget"], row["limit"], row["free"]) == ("'=cmd()", "1000", "1000")
    (row,) = csv.DictReader(io.StringIO(read(world.aud, "/cost/budgets/export.csv").content.decode()))
    assert (row["budget"], row["free"], float(row["ends_likely"])) == ("'=cmd()", "1000", 0.0)


@pytest.mark.parametrize("asked", ["0", "x", "-1", "9999"])
def test_a_budget_of_others_looks_like_none(world: World, asked: str) -> None:
    for address in ("/cost/budgets/", "/cost/budgets/export.csv"):
        read(world.farah, f"{address}?budget={asked}", 422)
        read(world.ines, f"{address}?budget={Budget.objects.get().pk}", 403)


def test_the_week_is_a_table_too(world: World) -> None:
    told = list(csv.DictReader(io.StringIO(read(world.farah, "/cost/week/export.csv").content.decode())))
    assert [row["name"] for row in told if row["about"] == "week"] == ["this", "before"]
    assert {row["about"] for row in told} == {"week", "difference"}
    assert all(row["spend"] == "0" for row in told)
