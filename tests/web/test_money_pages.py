"""Budgets, the ledger and bills as people of finance use them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import strip_tags

from hybridops.experiments.models import Run
from hybridops.quotas.books import Difference
from hybridops.quotas.models import Budget, Change, Invoice, InvoiceLine, LedgerEntry, Reservation
from hybridops.quotas.queries import Left
from hybridops.teams import services as teams
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Role
from hybridops.web.answers import money as answers
from tests.engine.test_run import decide, finish
from tests.world import World, submit

NOW = datetime(2026, 11, 29, 10, 4, tzinfo=UTC)


def client(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def read(user: User, path: str) -> str:
    answer = client(user).get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def ran(world: World) -> Run:
    run = submit(world)
    finish(run)
    decide(world, run)
    return finish(run)


@pytest.fixture
def nora(world: World) -> User:
    from hybridops.domain.actors import SYSTEM

    user = User.objects.create(username="nora", name="Nora", email="nora@example.org")
    teams.join(user=user, team=world.team, role=Role.FINANCE, actor=SYSTEM)
    return user


def send(user: User, world: World, text: str, number: str = "INV-7") -> Any:
    file = SimpleUploadedFile("bill.csv", text.encode())
    told = {"team": world.team.pk, "provider": "scripted", "number": number, "file": file}
    return client(user).post("/cost/invoices/import/", told)


def test_a_large_limit_is_proposed_and_another_confirms_it(world: World, nora: User) -> None:
    budget = Budget.objects.get()
    told = {"limit": "5000", "seen": budget.limit_micro, "why": "a big month"}
    client(world.farah).post(f"/cost/budgets/{budget.pk}/limit/", told)
    assert Budget.objects.get().limit_micro == budget.limit_micro
    change = Change.objects.get()
    own, other = read(world.farah, "/cost/budgets/"), read(nora, "/cost/budgets/")
    assert "Take it back" in own and "Confirm $5" not in own
    assert "a big month" in other and "Confirm $5" in other
    assert "It counts once you confirm it." in read(nora, "/")
    assert "It counts once you confirm it." not in read(world.farah, "/")
    assert client(world.farah).post(f"/cost/changes/{change.pk}/", {"verdict": "confirm"}).status_code == 422
    for unclear in ({}, {"verdict": "yes"}, {"verdict": ""}):
        assert client(nora).post(f"/cost/changes/{change.pk}/", unclear).status_code == 422
    assert Budget.objects.get().limit_micro == budget.limit_micro
    assert client(nora).post(f"/cost/changes/{change.pk}/", {"verdict": "confirm"}).status_code == 302
    assert Budget.objects.get().limit_micro == 5_000_000_000
    assert client(nora).post(f"/cost/changes/{change.pk}/", {"verdict": "confirm"}).status_code == 404


def test_shots_and_qpu_time_are_limited_beside_money(world: World) -> None:
    budget = Budget.objects.get()
    told = {
        "limit": "1000",
        "seen": budget.limit_micro,
        "why": "less",
        "shots": "12 000",
        "qpu_seconds": "2.5",
    }
    client(world.farah).post(f"/cost/budgets/{budget.pk}/limit/", told)
    budget.refresh_from_db()
    assert (budget.limit_shots, budget.limit_qpu_ms) == (12_000, 2_500)
    assert "12\u202f000 of 12\u202f000 shots free" in read(world.farah, "/cost/budgets/")
    client(world.farah).post(f"/cost/budgets/{budget.pk}/limit/", {**told, "shots": "", "qpu_seconds": ""})
    budget.refresh_from_db()
    assert (budget.limit_shots, budget.limit_qpu_ms) == (None, None)


def opened(user: User, **sent: Any) -> Any:
    told = {"name": "New", "limit": "100", "starts_on": "2031-01-01", "ends_on": "2031-01-31", **sent}
    return client(user).post("/cost/budgets/open/", told)


def test_finance_opens_a_budget_on_each_level(world: World, ran: Run) -> None:
    team, project = f"team:{world.team.pk}", f"project:{world.team.pk}/{world.project.pk}"
    assert opened(world.farah, whose=team).status_code == 302
    assert opened(world.farah, whose=team).status_code == 409
    assert opened(world.farah, whose=project, backend="aster", shots="50").status_code == 302
    assert opened(world.farah, whose=project, run=str(ran.pk)).status_code == 302
    made = {row.experiment_id: row for row in Budget.objects.filter(name="New", project=world.project)}
    assert (made[None].backend, made[None].limit_shots) == ("aster", 50)
    assert made[ran.experiment_id].team == world.team
    assert opened(world.farah, whose="organisation").status_code == 422  # another team is not hers
    teams.join(user=world.farah, team=Team.objects.get(slug="other"), role=Role.FINANCE, actor=_system())
    assert opened(world.farah, whose="organisation", backend="x").status_code == 302
    assert opened(world.farah, whose="organisation", name="Big", limit="90000").status_code == 302
    assert Budget.objects.get(name="Big").limit_micro == 0
    assert Change.objects.get().to_micro == 90_000_000_000
    for user in (world.aud, world.ines):
        assert opened(user, whose=team, backend="y").status_code == 403


def _system() -> Any:
    from hybridops.domain.actors import SYSTEM

    return SYSTEM


def test_an_organisation_s_budget_is_seen_by_who_sees_all_teams(world: World) -> None:
    Budget.objects.update(team=None)
    assert "Routing, this period" not in read(world.farah, "/cost/budgets/")
    teams.join(user=world.farah, team=Team.objects.get(slug="other"), role=Role.FINANCE, actor=_system())
    assert "The organisation" in read(world.farah, "/cost/budgets/")


def test_a_period_is_closed_from_the_page(world: World) -> None:
    Budget.objects.update(starts_on="2020-01-01", ends_on="2020-01-31")
    assert "Over and not closed" in read(world.farah, "/cost/budgets/")
    told = {"close-whose": f"team:{world.team.pk}", "close-last": "2020-01-31"}
    assert (
        client(world.farah).post("/cost/periods/close/", {**told, "close-last": "2040-01-01"}).status_code
        == 422
    )
    assert client(world.farah).post("/cost/periods/close/", told).status_code == 302
    assert Budget.objects.get().closed_at is not None
    assert client(world.farah).post("/cost/periods/close/", told).status_code == 422


def test_the_ledger_shows_every_movement_and_filters(world: World, ran: Run) -> None:
    html = read(world.farah, "/cost/ledger/")
    assert "The books agree." in html
    assert "Promised" in html and f"R-{ran.pk}" in html and "Available" in html
    assert "No entry matches." in read(world.farah, "/cost/ledger/?run=R-999")
    assert "No entry matches." in read(world.farah, f"/cost/ledger/?budget={Budget.objects.get().pk + 1}")
    shots = read(world.aud, "/cost/ledger/?unit=shots&kind=SETTLE")
    assert "shots" in shots
    for wrong in ("run=x", "kind=x", "unit=x", "before=0"):
        assert client(world.farah).get(f"/cost/ledger/?{wrong}").status_code == 422
        assert client(world.farah).get(f"/cost/ledger/export.csv?{wrong}").status_code == 422


def test_the_ledger_is_paged_by_a_cursor(world: World, ran: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hybridops.web.pages.ledger.ROWS", 5)
    seen, path = 0, "/cost/ledger/?kind=SETTLE"
    for _ in range(9):
        page = client(world.farah).get(path)
        seen += len(page.context["rows"])
        if page.context["older"] is None:
            break
        path = f"/cost/ledger/?kind=SETTLE&before={page.context['older']}"
    assert seen == LedgerEntry.objects.filter(kind="SETTLE").count() > 5


def test_the_csv_adds_up_and_runs_no_formula(world: World, ran: Run) -> None:
    Budget.objects.update(name="=cmd()")
    told = client(world.farah).get("/cost/ledger/export.csv?unit=micro").content.decode()
    rows = list(csv.DictReader(io.StringIO(told)))
    assert len(rows) == LedgerEntry.objects.filter(unit="micro").count()
    assert {row["budget"] for row in rows} == {"'=cmd()"}
    budget = Budget.objects.get()
    sums = {
        name: sum(int(row[name]) for row in rows) for name in ("available", "pending", "posted", "source")
    }
    assert sums == {
        "available": budget.free_micro, "pending": 0, "posted": budget.posted_micro, "source": -budget.limit_micro,
    }  # fmt: skip
    assert budget.posted_micro == sum(Reservation.objects.values_list("settled_micro", flat=True))


def test_a_difference_in_the_books_is_named(world: World, ran: Run) -> None:
    Budget.objects.update(posted_micro=1)
    html = read(world.farah, "/cost/ledger/")
    assert "The books differ in" in html
    assert "Routing, this period: posted, micro: its entries say" in strip_tags(html)


def test_a_bill_is_imported_and_worked_through(world: World, ran: Run) -> None:
    first, second, _ = ran.submissions.order_by("ordinal")
    text = f"job,amount,currency\n{first.job_id},1.30,USD\n{second.job_id},1.50,USD\n=strange,4,USD\n"
    answer = send(world.farah, world, text)
    invoice = Invoice.objects.get()
    assert answer.headers["Location"] == f"/cost/invoices/{invoice.pk}/"
    assert send(world.farah, world, text).headers["Location"] == answer.headers["Location"]
    assert "2 lines of bills" in read(world.farah, "/")
    html = strip_tags(read(world.farah, f"/cost/invoices/{invoice.pk}/"))
    assert "Billed $1.50. Booked $1.30" in html and "No booked job of this team" in html
    differs, strange = InvoiceLine.objects.filter(how="").order_by("line")
    act = client(world.farah).post
    assert act(f"/cost/invoices/lines/{differs.pk}/", {"verb": "pay"}).status_code == 422
    assert act(f"/cost/invoices/lines/{differs.pk}/", {"verb": "accept"}).status_code == 302
    assert act(f"/cost/invoices/lines/{differs.pk}/", {"verb": "accept"}).status_code == 409
    assert act(f"/cost/invoices/lines/{strange.pk}/", {"verb": "aside", "why": ""}).status_code == 422
    assert act(f"/cost/invoices/lines/{strange.pk}/", {"verb": "aside", "why": "not ours"}).status_code == 302
    told = list(csv.DictReader(io.StringIO(read(world.aud, f"/cost/invoices/{invoice.pk}/lines.csv"))))
    assert [(row["job"], row["became"]) for row in told][1:] == [
        (second.job_id, "booked"),
        ("'=strange", "aside"),
    ]
    assert float(told[1]["difference_usd"]) == 0.2 and told[2]["booked_usd"] == ""
    (bill,) = csv.DictReader(io.StringIO(read(world.aud, "/cost/invoices/export.csv")))
    assert (bill["lines"], bill["open"], float(bill["billed_usd"])) == ("3", "0", 6.8)
    html = strip_tags(read(world.aud, f"/cost/invoices/{invoice.pk}/"))
    assert "Nothing is left" in html and "not ours" in html and "$0.20 more was booked" in html
    assert "Corrected" in read(world.farah, "/cost/ledger/?kind=ADJUST")
    assert "lines of bills" not in read(world.farah, "/")


def test_a_bill_that_cannot_be_read_says_where(world: World) -> None:
    answer = send(world.farah, world, "job,amount,currency\nj,1.30,USD\nk,-1,USD\n")
    assert answer.status_code == 422
    assert "line 3, column 2: An amount is a number such as 12.50" in answer.content.decode()
    answer = send(world.farah, world, "job,amount,currency\nj,1.30,EUR\n")
    assert answer.status_code == 422 and "no rate for EUR" in answer.content.decode()
    assert send(world.farah, world, "job,amount,currency\n" + "x" * 2_000_001).status_code == 422
    assert not Invoice.objects.exists()


def test_answers_are_short_and_never_say_none() -> None:
    budget = Budget(name="Routing", limit_micro=100, posted_micro=99)
    frozen = Budget(name="Routing", limit_micro=100, posted_micro=99, frozen=True)
    apart = Difference(1, "Routing: posted", "micro", "its entries say", 5, "the budget", 7)
    told = [
        *(answers.budgets(rows, waiting) for rows in ([], [budget], [frozen, budget]) for waiting in (0, 1, 12)),
        answers.books([], NOW), answers.books([apart, apart], NOW),
        *(answers.invoices(left, n) for left in (Left(0, 0, 0), Left(9, 2, 5), Left(1, 0, 5)) for n in (0, 1, 3)),
    ]  # fmt: skip
    for one in map(strip_tags, told):
        assert one and len(one.split()) <= 40 and "None" not in one
