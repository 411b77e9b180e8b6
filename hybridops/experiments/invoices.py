"""Bills of vendors matched to the submissions they are for, and what finance does about what is left over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import batched

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from hybridops.definitions.queries import price_book
from hybridops.domain.errors import Conflict, NotYours
from hybridops.domain.invoices import Billed, read
from hybridops.domain.money import to_micro
from hybridops.domain.pricebook import PriceBook
from hybridops.experiments import outcomes
from hybridops.experiments.books import hold
from hybridops.experiments.models import Submission
from hybridops.quotas import bills
from hybridops.quotas.bills import Matched
from hybridops.quotas.changes import decide, open_change, propose
from hybridops.quotas.models import Change, Invoice, InvoiceLine
from hybridops.quotas.queries import managed_invoice, managed_line
from hybridops.teams.access import actor, check_may, people_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission

CHUNK = 500


@transaction.atomic(savepoint=False)
def import_invoice(*, user: User, team_id: int, provider: str, number: str, data: bytes) -> Invoice:
    """Reads a vendor's CSV and matches each line by the vendor's job id or by our key.

    Amounts of another currency are converted at the dated rate of the price book in force, which each line keeps.
    Raises BadInput with line and column, Refused for a currency without a rate.
    """
    check_may(user, Permission.MANAGE_BUDGETS, team_id)
    billed = read(data)
    book = price_book()[0]
    return bills.import_invoice(
        user=user,
        team_id=team_id,
        provider=provider,
        number=number,
        digest=hashlib.sha256(data).hexdigest(),
        matched=_matched(team_id, provider, [_line(one, book) for one in billed]),
    )


def _line(one: Billed, book: PriceBook) -> InvoiceLine:
    usd, said = book.rate_of(one.currency)
    return InvoiceLine(
        line=one.line,
        job=one.job,
        day=one.day,
        currency=one.currency,
        amount_micro=to_micro(one.amount),
        rate=said[:120],
        billed_micro=to_micro(one.amount * usd),
    )


def _matched(team_id: int, provider: str, lines: Iterable[InvoiceLine]) -> Iterator[Matched]:
    ours = Submission.objects.filter(run__experiment__project__team_id=team_id, provider=provider)
    for chunk in batched(lines, CHUNK):
        names = [line.job for line in chunk]
        found = ours.filter(Q(job_id__in=names) | Q(key__in=names))
        known = {
            name: row.reservation
            for row in found.only("key", "job_id", "reservation")
            for name in (row.job_id, row.key)
        }
        yield from (Matched(line, known.get(line.job, "")) for line in chunk)


@transaction.atomic(savepoint=False)
def match_again(*, user: User, invoice_id: int) -> int:
    """Looks again for what was not there when a bill was imported, such as jobs that were not booked yet."""
    invoice = managed_invoice(user, invoice_id)
    lines = InvoiceLine.objects.select_for_update().filter(invoice=invoice, how="", reservation=None)
    return bills.match_again(
        invoice, list(_matched(invoice.team_id, invoice.provider, lines.order_by("line")))
    )


@transaction.atomic(savepoint=False)
def accept(*, user: User, line_id: int, why: str) -> Change | None:
    """Accepts a difference: booked at once within settings.FOUR_EYES_MICRO, above it proposed to a second person."""
    line = managed_line(user, line_id)
    difference = line.difference_micro
    if line.how or difference is None or line.booked_micro is None:
        raise Conflict("This line is done, or nothing of ours fits to it. Read it again.")
    if abs(difference) <= settings.FOUR_EYES_MICRO:
        _book(line, user)
        return None
    return propose(
        user=user,
        made=Change(line=line, from_micro=line.booked_micro, to_micro=line.billed_micro),
        stream=f"invoice:{line.invoice_id}",
        why=why,
        name=f"the bill of {line.job}",
        to=people_with(Permission.MANAGE_BUDGETS, line.invoice.team_id),
        path=f"/cost/invoices/{line.invoice_id}/",
    )


@transaction.atomic(savepoint=False)
def decide_difference(*, user: User, change_id: int, confirm: bool) -> Change:
    """Another person of finance confirms that a difference is booked, or declines it."""
    change = open_change(change_id)
    if change is None or change.line_id is None:
        raise NotYours("There is no such proposal.")
    line = managed_line(user, change.line_id)
    decide(change=change, user=user, confirm=confirm, stream=f"invoice:{line.invoice_id}")
    if confirm:
        _book(line, user)
    return change


def _book(line: InvoiceLine, user: User) -> None:
    """The run, the submission and the budgets, in the order in which rows are taken."""
    if line.reservation is None:
        raise Conflict("Nothing of ours fits to this line.")
    hold(line.reservation.run_id)
    Submission.objects.filter(reservation=line.reservation.key).update(cost_micro=line.billed_micro)
    outcomes.add_bill(line.reservation.run_id, line.billed_micro - (line.booked_micro or 0))
    bills.book_difference(line_id=line.pk, actor=actor(user))


@transaction.atomic(savepoint=False)
def set_aside(*, user: User, line_id: int, why: str) -> None:
    """Nothing is booked for a line; the reason stays with it."""
    managed_line(user, line_id)
    bills.set_aside(line_id=line_id, why=why, user=user)
