"""The explorer and the figures: margins are sums, every number opens its runs, nothing of other teams is in it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client

from hybridops.domain.money import from_micro
from hybridops.experiments.outcome import Outcome
from hybridops.quotas.models import LedgerEntry, Reservation
from hybridops.teams.models import User
from hybridops.web.viewmodels.pivot import DIMENSIONS
from tests.engine.fake import ANSWER
from tests.web.test_decision import ask, use
from tests.world import World


def open_as(user: User, address: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(address)


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.fixture
def spent(world: World) -> World:
    """One accepted run, one that was not accepted, one that waits."""
    use(world, ask(world))
    ANSWER["quantum"] = 120.0
    use(world, ask(world, title="=cmd()"))
    ask(world)
    return world


def ledger_usd() -> Decimal:
    """What the ledger of the one budget says was spent."""
    told = LedgerEntry.objects.filter(unit="micro").aggregate(a=Sum("posted"), b=Sum("overrun"))
    return from_micro(told["a"] + told["b"])


def test_margins_are_sums_and_all_of_it_is_the_ledger(spent: World) -> None:
    for rows, columns in product(DIMENSIONS, ("", "stage", "outcome")):
        check_margins(spent, rows, columns)


def check_margins(spent: World, rows: str, columns: str) -> None:
    shown = open_as(spent.farah, f"/cost/explore/?rows={rows}&columns={columns}").context["pivot"]
    assert shown.all == ledger_usd() == sum(row.all for row in shown.rows)
    for row in shown.rows:
        assert not row.values or row.all == sum(value for _, value in row.values)
    assert not shown.margin or shown.all == sum(shown.margin)
    told = rows_of(open_as(spent.farah, f"/cost/explore/export.csv?rows={rows}&columns={columns}"))
    assert sum(Decimal(row["all"]) for row in told) == shown.all


def test_a_row_opens_its_runs(spent: World) -> None:
    shown = open_as(spent.farah, "/cost/explore/?rows=outcome&measure=runs").context
    assert {row["name"]: row["all"] for row in shown["table"]} == {
        "accepted": "1",
        "not_accepted": "1",
        "open": "1",
    }
    for row in shown["table"]:
        opened = open_as(spent.farah, f"/cost/explore/{row['link']}").context
        assert opened["runs_count"] == 1
        assert sum(usd for _, usd, _ in opened["runs"]) == sum(
            one.micro for one, _, _ in opened["runs"]
        ) / Decimal(10**6)


def test_what_cannot_be_asked_says_so(spent: World) -> None:
    for query in ("rows=colour", "measure=joy", "period=2", "rows=stage&measure=runs"):
        assert open_as(spent.farah, f"/cost/explore/?{query}").status_code == 422


def test_who_sees_no_costs_sees_nothing_here(spent: World) -> None:
    for address in (
        "/cost/explore/",
        "/cost/explore/export.csv",
        "/cost/?figure=loaded",
        "/cost/export.csv?table=figures",
    ):
        assert open_as(spent.ines, address).status_code == 403
        assert open_as(spent.zoe, address).status_code == 403


def test_every_figure_has_n_and_opens_its_runs(spent: World) -> None:
    shown = open_as(spent.farah, "/cost/").context
    lines = {line.key: line for line in shown["lines"]}
    assert lines["loaded"].found.value == pytest.approx(float(shown["total"].per_accepted))
    assert lines["loaded"].count == shown["total"].runs == 3
    assert lines["qpu"].found.value == pytest.approx(7.8)
    assert lines["success"].found.value == pytest.approx(float(ledger_usd()) / 2)
    for key, line in lines.items():
        opened = open_as(spent.farah, f"/cost/?figure={key}")
        assert opened.status_code == 200
        assert f"Runs behind: {line.name.lower()}" in opened.content.decode()
    assert open_as(spent.farah, "/cost/?figure=joy").status_code == 422


def test_an_improvement_is_of_the_first_run_on_the_data_and_all_its_money(spent: World) -> None:
    pair = Outcome.objects.get(counts="pair")
    assert pair.baseline and pair.quantum is not None
    gain = 100 * (pair.baseline - pair.quantum) / abs(pair.baseline)
    tried = Outcome.objects.filter(sent__gt=0).aggregate(total=Sum("cost_micro"))["total"]
    line = next(one for one in open_as(spent.farah, "/cost/").context["lines"] if one.key == "improvement")
    assert line.count == 1
    if gain > 0:
        assert line.found.value == pytest.approx(tried / 1e6 / gain)
    else:
        assert "nothing gained" in line.shown


def test_the_yield_loses_all_money_somewhere(spent: World) -> None:
    shown = open_as(spent.farah, "/cost/").context
    ended = Outcome.objects.aggregate(total=Sum("cost_micro"))["total"]
    assert sum(one.usd for one in shown["steps"]) + shown["retained"] == from_micro(ended)
    assert [one.left for one in shown["steps"]] == [2, 2, 2, 2, 1, 1]


def test_a_better_answer_replaces_and_is_told(spent: World) -> None:
    old = Outcome.objects.get(outcome="accepted")
    Outcome.objects.filter(pk=old.pk).update(best=10_000.0)
    ANSWER["quantum"] = 80.0
    use(spent, ask(spent))
    old.refresh_from_db()
    assert old.replaced_at is not None
    assert open_as(spent.farah, "/cost/?figure=replaced").context["runs_count"] == 1


def test_the_parts_of_the_difference_are_all_of_it(spent: World) -> None:
    told = open_as(spent.farah, "/cost/").context["difference"]
    assert sum(one.usd for one in told.parts) == told.usd == ledger_usd()


def test_every_table_of_the_page_is_a_csv(spent: World) -> None:
    for table in ("figures", "yield", "delays", "quotes", "difference", "weeks"):
        assert len(rows_of(open_as(spent.farah, f"/cost/export.csv?table={table}"))) >= 1
    assert open_as(spent.farah, "/cost/export.csv?table=x").status_code == 422
    quotes = rows_of(open_as(spent.farah, "/cost/export.csv?table=quotes"))
    bills = Reservation.objects.filter(key__contains="-qpu-", state="settled")
    assert sum(Decimal(row["billed"]) for row in quotes) == from_micro(
        sum(one.settled_micro or 0 for one in bills)
    )


def test_a_waiting_approval_says_what_it_would_do(spent: World) -> None:
    shown = open_as(spent.farah, "/cost/budgets/")
    (one,) = shown.context["would_do"]
    assert one.fits
    assert one.left == from_micro(one.budget.free_micro) - one.cap
    assert "What each waiting approval would do" in shown.content.decode()
