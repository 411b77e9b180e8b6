"""A vendor's bill beside the ledger: matched, told apart, booked once, above a sum by two people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction

from hybridops.audit.models import AuditEvent
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.experiments import invoices
from hybridops.experiments.models import Run, Submission
from hybridops.experiments.outcome import Outcome
from hybridops.quotas import limits
from hybridops.quotas.books import differences
from hybridops.quotas.models import Budget, Change, Invoice, InvoiceLine, LedgerEntry, Reservation
from hybridops.quotas.queries import open_lines, spent_micro
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from tests.engine.test_run import decide, finish
from tests.world import PRICES, World, publish, submit

COST = 1_300_000  # what the ledger booked for each of the three jobs


@pytest.fixture
def ran(world: World) -> Run:
    run = submit(world)
    finish(run)
    decide(world, run)
    return finish(run)


@pytest.fixture
def nora(world: World) -> User:
    """A second person of finance."""
    user = User.objects.create(username="nora", name="Nora", email="nora@example.org")
    teams.join(user=user, team=world.team, role=Role.FINANCE, actor=invoices.actor(world.farah))
    return user


def send(world: World, text: str, number: str = "7", user: User | None = None) -> Invoice:
    return invoices.import_invoice(
        user=user or world.farah,
        team_id=world.team.pk,
        provider="scripted",
        number=number,
        data=text.encode(),
    )


def bill(run: Run, *amounts: str, currency: str = "USD") -> str:
    rows = [
        f"{row.job_id},{amount},{currency}"
        for row, amount in zip(run.submissions.all(), amounts, strict=False)
    ]
    return "\n".join(["job,amount,currency", *rows]) + "\n"


def lines(made: Invoice) -> dict[int, InvoiceLine]:
    return {row.line: row for row in made.lines.all()}


def test_lines_are_matched_by_job_and_by_key_and_what_is_left_needs_a_person(world: World, ran: Run) -> None:
    first, second, _ = ran.submissions.order_by("ordinal")
    text = f"job,amount,currency\n{first.job_id},1.30,USD\n{second.key},1.50,USD\nstrange,4.00,USD\n"
    found = lines(send(world, text))
    assert [(row.how, row.difference_micro) for row in found.values()] == [
        ("same", 0),
        ("", 200_000),
        ("", None),
    ]
    assert [row.job for row in open_lines(world.farah)] == [second.key, "strange"]
    assert list(open_lines(world.zoe)) == []
    assert LedgerEntry.objects.filter(kind="ADJUST").count() == 0


def test_imported_twice_is_one_import(world: World, ran: Run) -> None:
    text = bill(ran, "1.30", "2.00")
    assert send(world, text) == send(world, text)
    assert InvoiceLine.objects.count() == 2
    with pytest.raises(Conflict, match="another file"), transaction.atomic():
        send(world, bill(ran, "1.30", "2.01"))


def test_a_job_that_was_billed_before_is_not_matched_again(world: World, ran: Run) -> None:
    send(world, bill(ran, "1.30"))
    again = lines(send(world, bill(ran, "1.30"), number="8"))[2]
    assert (again.how, again.difference_micro) == ("", None)


def test_an_accepted_difference_is_booked_once_on_every_level(world: World, ran: Run) -> None:
    line = lines(send(world, bill(ran, "1.50")))[2]
    before, cost = Budget.objects.get().posted_micro, Outcome.objects.get(pk=ran.pk).cost_micro
    assert invoices.accept(user=world.farah, line_id=line.pk, why="a new price") is None
    assert Outcome.objects.get(pk=ran.pk).cost_micro == cost + 200_000  # what evidence reads follows
    assert Budget.objects.get().posted_micro == before + 200_000
    first = ran.submissions.order_by("ordinal")[0]
    assert first.cost_micro == 1_500_000
    assert Reservation.objects.get(key=first.reservation).settled_micro == 1_500_000
    assert spent_micro([ran.pk])[ran.pk] == sum(Reservation.objects.values_list("settled_micro", flat=True))
    entry = LedgerEntry.objects.get(kind="ADJUST")
    assert (entry.amount, entry.line_id) == (200_000, line.pk)
    with pytest.raises(Conflict), transaction.atomic():
        invoices.accept(user=world.farah, line_id=line.pk, why="again")
    assert differences() == []


def test_less_than_booked_comes_back(world: World, ran: Run) -> None:
    line = lines(send(world, bill(ran, "1.00")))[2]
    before = Budget.objects.get()
    invoices.accept(user=world.farah, line_id=line.pk, why="")
    after = Budget.objects.get()
    assert (after.posted_micro, after.free_micro) == (
        before.posted_micro - 300_000,
        before.free_micro + 300_000,
    )
    assert differences() == []


def test_above_a_sum_another_person_confirms(world: World, ran: Run, nora: User, settings: Any) -> None:
    settings.FOUR_EYES_MICRO = 100_000
    line = lines(send(world, bill(ran, "1.50")))[2]
    change = invoices.accept(user=world.farah, line_id=line.pk, why="a new price")
    assert change is not None
    assert not LedgerEntry.objects.filter(kind="ADJUST").exists()
    for refusal, act in (
        (Refused, lambda: invoices.decide_difference(user=world.farah, change_id=change.pk, confirm=True)),
        (NotYours, lambda: invoices.decide_difference(user=world.ada, change_id=change.pk, confirm=True)),
        (Conflict, lambda: invoices.accept(user=nora, line_id=line.pk, why="me too")),
        (Refused, lambda: invoices.set_aside(user=nora, line_id=line.pk, why="no")),
    ):
        with pytest.raises(refusal), transaction.atomic():
            act()
    invoices.decide_difference(user=nora, change_id=change.pk, confirm=True)
    assert LedgerEntry.objects.get(kind="ADJUST").amount == 200_000
    with pytest.raises(NotYours), transaction.atomic():
        invoices.decide_difference(user=nora, change_id=change.pk, confirm=True)
    event = AuditEvent.objects.get(action="change.decided")
    assert (json.loads(event.body)["facts"]["confirmed"], json.loads(event.body)["facts"]["proposed_by"]) == (
        True,
        world.farah.pk,
    )


def test_a_limit_above_a_sum_takes_two(world: World, nora: User) -> None:
    budget = Budget.objects.get()
    asked = {"budget_id": budget.pk, "seen_micro": budget.limit_micro, "why": "a big month"}
    change = limits.propose_limit(user=world.farah, limit_micro=budget.limit_micro * 3, **asked)
    assert change is not None
    assert Budget.objects.get().limit_micro == budget.limit_micro
    with pytest.raises(Refused, match="another person"), transaction.atomic():
        limits.decide_limit(user=world.farah, change_id=change.pk, confirm=True)
    with pytest.raises(Conflict, match="Another proposal"), transaction.atomic():
        limits.propose_limit(user=nora, limit_micro=budget.limit_micro * 4, **asked)
    limits.decide_limit(user=nora, change_id=change.pk, confirm=True)
    assert Budget.objects.get().limit_micro == budget.limit_micro * 3
    assert differences() == []


def test_who_proposed_may_take_it_back_and_a_stale_one_is_refused(world: World, nora: User) -> None:
    budget = Budget.objects.get()
    asked = {"budget_id": budget.pk, "seen_micro": budget.limit_micro, "why": "a big month"}
    first = limits.propose_limit(user=world.farah, limit_micro=budget.limit_micro * 3, **asked)
    assert first is not None
    limits.decide_limit(user=world.farah, change_id=first.pk, confirm=False)
    second = limits.propose_limit(user=world.farah, limit_micro=budget.limit_micro * 4, **asked)
    assert second is not None
    limits.propose_limit(user=nora, limit_micro=budget.limit_micro + 1, **asked)
    with pytest.raises(Conflict), transaction.atomic():
        limits.decide_limit(user=nora, change_id=second.pk, confirm=True)
    assert Change.objects.get(pk=second.pk).decided_at is None


def test_another_currency_is_booked_at_the_dated_rate(world: World, ran: Run) -> None:
    with pytest.raises(Refused, match="no rate for EUR"), transaction.atomic():
        send(world, bill(ran, "1.20", currency="EUR"))
    rate = {"usd": "1.10", "dated": "2026-11-02", "source": "ECB"}
    rules = [{**PRICES["rules"][0], "kind": "task+shot"}]
    publish(
        {**PRICES, "schema": "hybridops.pricebook/2", "version": 2, "rules": rules, "rates": {"EUR": rate}},
        "pricebook",
    )
    line = lines(send(world, bill(ran, "1.20", currency="EUR")))[2]
    assert (line.amount_micro, line.billed_micro, line.difference_micro) == (1_200_000, 1_320_000, 20_000)
    assert line.rate == "1.10 USD on 2026-11-02 (ECB)"


def test_what_is_booked_later_is_matched_again(world: World, ran: Run) -> None:
    first = ran.submissions.order_by("ordinal")[0]
    Submission.objects.filter(pk=first.pk).update(job_id="elsewhere")
    made = send(world, f"job,amount,currency\n{first.job_id},1.30,USD\n")
    assert invoices.match_again(user=world.farah, invoice_id=made.pk) == 0
    Submission.objects.filter(pk=first.pk).update(job_id=first.job_id)
    assert invoices.match_again(user=world.farah, invoice_id=made.pk) == 1
    assert lines(made)[2].how == "same"


def test_set_aside_leaves_the_list_with_its_reason(world: World, ran: Run) -> None:
    line = lines(send(world, "job,amount,currency\nstrange,4.00,USD\n"))[2]
    with pytest.raises(BadInput), transaction.atomic():
        invoices.set_aside(user=world.farah, line_id=line.pk, why=" ")
    with pytest.raises(NotYours), transaction.atomic():
        invoices.set_aside(user=world.aud, line_id=line.pk, why="x")
    invoices.set_aside(user=world.farah, line_id=line.pk, why="a test of the vendor's own")
    assert not open_lines(world.farah).exists()


def test_only_finance_of_the_team_imports(world: World, ran: Run) -> None:
    for user in (world.aud, world.zoe, world.ines):
        with pytest.raises(NotYours), transaction.atomic():
            send(world, bill(ran, "1.30"), user=user)
