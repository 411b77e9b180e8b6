"""Bills of vendors beside what was booked: kept line by line, each difference booked as ADJUST once it is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.domain.ledger import Movement, corrected, returned
from hybridops.domain.states import ReservationState
from hybridops.quotas.ledger import budgets_named, write
from hybridops.quotas.models import Budget, Invoice, InvoiceLine, Reservation
from hybridops.quotas.periods import open_successor
from hybridops.teams.access import actor as actor_of
from hybridops.teams.models import User


@dataclass(frozen=True, slots=True)
class Matched:
    """One line as it is to be kept; `reservation` is the key of what it is the bill of, or empty."""

    line: InvoiceLine
    reservation: str


@transaction.atomic(savepoint=False)
def import_invoice(
    *, user: User, team_id: int, provider: str, number: str, digest: str, matched: Iterable[Matched]
) -> Invoice:
    """Keeps a bill. The same file again is the same import; another file under its number is a Conflict."""
    if not number.strip():
        raise BadInput("Give the invoice's number.", field="number")
    known = Invoice.objects.filter(team_id=team_id, provider=provider, number=number.strip()).first()
    if known is not None:
        return _known(known, digest)
    try:
        with transaction.atomic():
            made = Invoice.objects.create(
                team_id=team_id,
                provider=provider,
                number=number.strip(),
                digest=digest,
                by=user,
                imported_at=clock.now(),
            )
    except IntegrityError as problem:
        raise Conflict("Somebody else imports this invoice at this moment. Read it again.") from problem
    rows = [_kept(made, one) for one in matched]
    InvoiceLine.objects.bulk_create(rows)
    facts = {"provider": provider, "file": digest, "lines": len(rows), "same": sum(bool(r.how) for r in rows)}
    record(stream=f"invoice:{made.pk}", action="invoice.imported", actor=actor_of(user), facts=facts)
    return made


@transaction.atomic(savepoint=False)
def match_again(invoice: Invoice, matched: Iterable[Matched]) -> int:
    """Looks again at open lines for which nothing of ours was found; how many were matched now."""
    found = [one for one in matched if _kept(invoice, one).reservation_id is not None]
    for one in found:
        one.line.save()
    return len(found)


def _known(known: Invoice, digest: str) -> Invoice:
    if known.digest != digest:
        raise Conflict(
            f"{known} was imported already from another file. A corrected bill has a number of its own."
        )
    return known


def _kept(invoice: Invoice, one: Matched) -> InvoiceLine:
    row = one.line
    row.invoice = invoice
    held = Reservation.objects.filter(key=one.reservation, state=ReservationState.SETTLED).first()
    if held is not None:
        row.reservation = held
        billed_before = held.billed.exclude(how=InvoiceLine.ASIDE).exclude(pk=row.pk).exists()
        row.booked_micro = None if billed_before else held.settled_micro
    if row.difference_micro == 0:
        row.how, row.ended_at = InvoiceLine.SAME, invoice.imported_at
    return row


@transaction.atomic(savepoint=False)
def book_difference(*, line_id: int, actor: Actor) -> InvoiceLine:
    """Books what a bill is higher or lower than the ledger, on every budget the job counts against, once.

    Raises Conflict where it is done or the booked amount has changed since it was matched.
    """
    line = InvoiceLine.objects.select_for_update(of=("self",)).get(pk=line_id)
    if line.how or line.reservation_id is None or line.booked_micro is None:
        raise Conflict("This line is done, or nothing of ours fits to it. Read it again.")
    moved = Reservation.objects.filter(pk=line.reservation_id, settled_micro=line.booked_micro).update(
        settled_micro=line.billed_micro
    )
    if not moved:
        raise Conflict("What was booked for this job has changed since. Set the line aside, and import anew.")
    held = Reservation.objects.get(pk=line.reservation_id)
    difference = line.billed_micro - line.booked_micro
    for budget, closed in _where(held):
        _adjust(budget, closed, held, line, difference)
    InvoiceLine.objects.filter(pk=line.pk).update(how=InvoiceLine.BOOKED, ended_at=clock.now())
    facts = {
        "reservation": held.key,
        "line": line.pk,
        "from_micro": line.booked_micro,
        "to_micro": line.billed_micro,
    }
    record(stream=f"run:{held.run_id}", action="money.adjusted", actor=actor, facts=facts)
    return line


def _where(held: Reservation) -> list[tuple[Budget, Budget | None]]:
    """Each open budget that takes the correction, with the closed one it is for; taken in their order."""
    pairs: dict[int, Budget | None] = {}
    for budget in Budget.objects.filter(pk__in=budgets_named(held)):
        target = open_successor(budget) if budget.closed_at else budget
        pairs[target.pk] = budget if budget.closed_at else None
    rows = list(Budget.objects.select_for_update().filter(pk__in=pairs).order_by("pk"))
    if any(row.closed_at for row in rows):
        raise Conflict("A period was closed at this moment. Do it again.")
    return [(row, pairs[row.pk]) for row in rows]


def _adjust(
    budget: Budget, closed: Budget | None, held: Reservation, line: InvoiceLine, difference: int
) -> None:
    if closed is not None and difference < 0:
        made = [returned(-difference)]
    else:
        room = budget.limit_micro - budget.pending_micro - budget.posted_micro
        made = corrected(difference, room=room, overrun=budget.overrun_micro)
    _book(budget, made)
    write([budget], f"line-{line.pk}", made, reservation=held, line=line, corrects=closed)


def _book(budget: Budget, made: Iterable[Movement]) -> None:
    posted, overrun = sum(one.posted for one in made), sum(one.overrun for one in made)
    Budget.objects.filter(pk=budget.pk).update(
        posted_micro=F("posted_micro") + posted,
        overrun_micro=F("overrun_micro") + overrun,
        frozen=budget.frozen or overrun > 0,
    )


@transaction.atomic(savepoint=False)
def set_aside(*, line_id: int, why: str, user: User) -> None:
    """A person has looked at a line and books nothing: it leaves the list, with the reason."""
    if not why.strip():
        raise BadInput("Say why nothing is booked for it.", field="why")
    open_ones = InvoiceLine.objects.filter(pk=line_id, how="")
    if open_ones.filter(changes__decided_at=None, changes__isnull=False).exists():
        raise Refused("A proposal is open for this line. It is confirmed or declined first.")
    said = why.strip()[:300]
    if not open_ones.update(how=InvoiceLine.ASIDE, why=said, ended_by=user, ended_at=clock.now()):
        raise Conflict("Somebody did something with this line meanwhile. Read it again.")
    line = InvoiceLine.objects.get(pk=line_id)
    record(
        stream=f"invoice:{line.invoice_id}",
        action="invoice.aside",
        actor=actor_of(user),
        facts={"line": line_id},
        personal={"why": said},
    )
