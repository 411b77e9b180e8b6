"""Costs: a ratio with its division, totals that are the sum of what they open, budgets that finance changes."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.experiments.figures import Total
from hybridops.experiments.outcome import Outcome
from hybridops.quotas.models import Budget, LedgerEntry
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.web.answers.cost import answer
from hybridops.web.spreadsheets import safe
from tests.engine.fake import ANSWER
from tests.web.test_decision import ask, use
from tests.world import World, submit


def open_as(user: User, address: str = "/cost/") -> Any:
    client = Client()
    client.force_login(user)
    return client.get(address)


@pytest.fixture
def spent(world: World) -> World:
    """One accepted run, one that was not accepted, one that waits for a decision."""
    use(world, ask(world))
    ANSWER["quantum"] = 120.0
    use(world, ask(world, title="=cmd()"))
    ask(world)
    return world


def test_the_headline_is_all_money_over_the_accepted_runs(spent: World) -> None:
    shown = open_as(spent.farah)
    total: Total = shown.context["total"]
    assert (total.runs, total.accepted) == (3, 1)
    assert total.per_accepted == total.usd
    assert total.qpu_usd == Decimal("7.8")
    html = shown.content.decode()
    assert f"${total.usd:.2f} ÷ 1" in html
    assert "An accepted solution cost" in html


def test_without_an_accepted_run_there_is_no_ratio(spent: World) -> None:
    Outcome.objects.filter(outcome="accepted").update(outcome="not_accepted")
    html = open_as(spent.farah).content.decode()
    assert "spent, no result accepted yet" in html
    assert "none accepted" in html


def test_every_total_is_the_sum_of_what_it_opens(spent: World) -> None:
    for by in ["project", "team", "backend", "workflow"]:
        shown = open_as(spent.aud, f"/cost/?by={by}&period=90").context
        groups = shown["groups"]
        for name in ("usd", "qpu_usd", "accepted", "runs"):
            assert sum(getattr(row["total"], name) for row in groups) == getattr(shown["total"], name)
        for row in groups:
            opened = open_as(spent.aud, f"/cost/{row['link']}").context
            assert opened["total"] == row["total"]
            assert sum(one.usd for one in opened["runs"]) == row["total"].usd
            assert opened["runs_count"] == row["total"].runs


def test_money_counts_in_the_period_a_run_was_submitted_in(spent: World) -> None:
    Outcome.objects.filter(outcome="accepted").update(made_at=clock.now() - timedelta(days=40))
    month, quarter = (open_as(spent.farah, f"/cost/?period={days}").context for days in (30, 90))
    assert month["total"].accepted == 0
    assert month["before"].accepted == 1
    assert quarter["total"].accepted == 1
    assert month["total"].usd + month["before"].usd == quarter["total"].usd


def test_what_the_money_bought_is_all_of_it(spent: World) -> None:
    shown = open_as(spent.farah).context
    assert [row[0] for row in shown["bought"].table.rows] == [
        "Accepted results",
        "Not accepted or degraded",
    ]


def test_another_teams_money_is_not_counted(spent: World) -> None:
    teams.join(user=spent.farah, team=spent.zoe.memberships.get().team, role=Role.FINANCE, actor=SYSTEM)
    teams.leave(user=spent.farah, team=spent.team, role=Role.FINANCE, actor=SYSTEM)
    farah = User.objects.get(pk=spent.farah.pk)
    shown = open_as(farah)
    assert shown.context["total"].runs == 0
    assert "No run was submitted over the last 30 days." in shown.content.decode()


def test_a_view_that_does_not_exist_says_so(world: World) -> None:
    for address in ["/cost/?by=colour", "/cost/?period=1"]:
        assert open_as(world.farah, address).status_code == 422


def test_the_export_is_the_view_and_runs_no_formula(spent: World) -> None:
    rows = list(csv.DictReader(io.StringIO(open_as(spent.farah, "/cost/export.csv").content.decode())))
    assert [row["runs"] for row in rows] == ["3"]
    runs = open_as(spent.farah, "/cost/export.csv?project=aarhus").content.decode()
    told = list(csv.DictReader(io.StringIO(runs)))
    assert len(told) == 3
    assert "'=cmd()" in [row["name"] for row in told]
    assert sum(Decimal(row["spend"]) for row in told) == Decimal(rows[0]["spend"])
    for cell in ("=1", "+1", "-1", "@x", "\tx"):
        assert safe(cell) == f"'{cell}"
    assert safe("") == ""


def test_queries_do_not_grow_with_the_runs(world: World, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        submit(world)
    client = Client()
    client.force_login(world.farah)
    with django_assert_max_num_queries(60):
        client.get("/cost/?project=aarhus")


def change(user: User, budget: Budget, **sent: Any) -> Any:
    client = Client()
    client.force_login(user)
    told = {"limit": "2 000", "why": "a new quarter", "seen": budget.limit_micro, **sent}
    return client.post(f"/cost/budgets/{budget.pk}/limit/", told)


def test_finance_changes_a_limit(world: World) -> None:
    budget = Budget.objects.get()
    assert change(world.farah, budget).status_code == 302
    budget.refresh_from_db()
    assert budget.limit_micro == 2_000_000_000
    assert LedgerEntry.objects.filter(budget=budget, kind="ALLOCATE").count() == 2


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"why": ""}, 422, "This field is required."),
        ({"limit": "much"}, 422, "Enter a number."),
        ({"seen": 5}, 409, "Somebody changed this limit meanwhile."),
    ],
)
def test_a_limit_that_cannot_be_set_stays_and_the_form_keeps_its_values(
    world: World, sent: dict[str, Any], status: int, said: str
) -> None:
    budget = Budget.objects.get()
    answer = change(world.farah, budget, **sent)
    assert answer.status_code == status
    assert said in answer.content.decode()
    assert "a new quarter" in answer.content.decode() or "why" in sent
    assert Budget.objects.get().limit_micro == budget.limit_micro


def test_an_overrun_is_cleared_with_a_reason(world: World) -> None:
    Budget.objects.update(frozen=True, overrun_micro=4_000_000)
    budget = Budget.objects.get()
    html = open_as(world.farah, "/cost/budgets/").content.decode()
    assert "A provider billed $4.00 more than was promised" in html
    client = Client()
    client.force_login(world.farah)
    assert client.post(f"/cost/budgets/{budget.pk}/clear/", {"why": " "}).status_code == 422
    assert Budget.objects.get().frozen
    client.post(f"/cost/budgets/{budget.pk}/clear/", {"why": "agreed with the vendor"})
    assert not Budget.objects.get().frozen


def test_an_auditor_reads_budgets_and_changes_none(world: World) -> None:
    html = open_as(world.aud).content.decode()
    assert "Routing, this period" in html
    assert "Change the limit" not in html
    assert change(world.aud, Budget.objects.get()).status_code == 404


def test_answers_are_short_and_never_say_none() -> None:
    nothing = Total(0, 0, Decimal(0), Decimal(0), Decimal(0))
    some = Total(9, 2, Decimal("62.26"), Decimal(40), Decimal(50))
    dear = Total(9, 1, Decimal("62.26"), Decimal(40), Decimal(50))
    budget = Budget(name="Routing", limit_micro=100, posted_micro=99, frozen=True)
    for now in (nothing, some, dear, Total(9, 0, Decimal(412), Decimal(0), Decimal(0))):
        for before in (nothing, some):
            told = strip_tags(answer(now, before, "over the last 30 days", [budget]))
            assert len(told.split()) <= 40
            assert "None" not in told
    assert strip_tags(answer(some, dear, "this month", [])) == (
        "An accepted solution cost $31.13 this month, 50\u202f% less than before."
    )
