"""The ledger: reserve the worst case before a call, settle or release after it, each exactly once.

Guarded UPDATEs in a fixed order keep every promise under concurrency on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, NoRoom, Refused
from hybridops.domain.money import from_micro
from hybridops.domain.states import RESERVATION_MOVES, ReservationState, check_move
from hybridops.outbox.services import tell
from hybridops.quotas.models import Budget, LedgerEntry, Reservation, SpendingStop
from hybridops.quotas.queries import budgets_for, spending_stop
from hybridops.teams.access import people_with
from hybridops.teams.permissions import Permission


@transaction.atomic(savepoint=False)
def open_budget(
    *,
    team_id: int,
    name: str,
    limit_micro: int,
    starts_on: date,
    ends_on: date,
    actor: Actor,
    project_id: int | None = None,
    backend: str = "",
) -> Budget:
    """A budget with its ALLOCATE entry."""
    if limit_micro < 0 or ends_on < starts_on:
        raise BadInput("A budget has a limit of zero or more and ends after it begins.", field="limit")
    budget = Budget.objects.create(
        team_id=team_id,
        project_id=project_id,
        backend=backend,
        name=name,
        limit_micro=limit_micro,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    _write([budget.pk], f"budget-{budget.pk}", "ALLOCATE", limit_micro)
    facts, said = {"budget": budget.pk, "limit_micro": limit_micro}, {"called": name}
    record(stream=f"budget:{budget.pk}", action="budget.opened", actor=actor, facts=facts, personal=said)
    return budget


@transaction.atomic(savepoint=False)
def change_limit(*, budget_id: int, limit_micro: int, seen_micro: int, actor: Actor, why: str) -> None:
    """Sets a limit. What runs keeps its promise, new work meets the new limit.

    `seen_micro` is the limit the person was looking at: Conflict where it has changed since.
    """
    if limit_micro < 0 or not why.strip():
        raise BadInput("Give a limit of zero or more, and a reason.", field="limit")
    if not Budget.objects.filter(pk=budget_id, limit_micro=seen_micro).update(limit_micro=limit_micro):
        raise Conflict("Somebody changed this limit meanwhile. Read it again.")
    _write([budget_id], f"budget-{budget_id}-{clock.now().timestamp()}", "ALLOCATE", limit_micro)
    facts = {"from_micro": seen_micro, "to_micro": limit_micro}
    record(
        stream=f"budget:{budget_id}", action="budget.changed", actor=actor, facts=facts, personal={"why": why}
    )


@transaction.atomic(savepoint=False)
def reserve(
    *,
    key: str,
    run_id: int,
    what: str,
    amount_micro: int,
    team_id: int,
    project_id: int,
    backend: str,
    price_book: str,
    actor: Actor,
) -> Reservation:
    """Promises the worst case on every budget that applies, or on none.

    The same key with the same amount is the same reservation; with another amount it is a Conflict.
    Raises NoRoom naming the budget that is too small or frozen, Refused where no budget applies.
    """
    try:
        with transaction.atomic():
            made = Reservation.objects.create(
                key=key,
                state=ReservationState.HELD,
                run_id=run_id,
                what=what,
                amount_micro=amount_micro,
                price_book=price_book,
                made_at=clock.now(),
            )
    except IntegrityError:
        return _reserved(key, run_id, amount_micro)
    budgets = budgets_for(team_id=team_id, project_id=project_id, backend=backend, on=clock.now().date())
    if not budgets and amount_micro:
        raise Refused("No budget covers this. Finance can set one; until then nothing that costs money runs.")
    for budget in budgets:
        _promise(budget, amount_micro)
    _write([budget.pk for budget in budgets], key, "RESERVE", amount_micro, made)
    facts = {"reservation": key, "amount_micro": amount_micro, "what": what}
    record(stream=f"run:{run_id}", action="money.reserved", actor=actor, facts=facts)
    return made


def _reserved(key: str, run_id: int, amount_micro: int) -> Reservation:
    known = Reservation.objects.get(key=key)
    if (known.run_id, known.amount_micro) != (run_id, amount_micro):
        raise Conflict(f"Reservation {key} exists with another amount.")
    return known


def _promise(budget: Budget, amount_micro: int) -> None:
    done = Budget.objects.filter(
        pk=budget.pk, frozen=False, limit_micro__gte=F("pending_micro") + F("posted_micro") + amount_micro
    ).update(pending_micro=F("pending_micro") + amount_micro)
    if done != 1:
        fresh = Budget.objects.get(pk=budget.pk)
        if fresh.frozen:
            raise NoRoom(f"{fresh.name} is frozen after an overrun. Finance can clear it.")
        raise NoRoom(
            f"{fresh.name} has ${from_micro(fresh.free_micro):.2f} left; this may cost up to "
            f"${from_micro(amount_micro):.2f}. Lower it, or ask finance for more."
        )


@transaction.atomic(savepoint=False)
def settle(*, key: str, billed_micro: int, actor: Actor) -> Reservation:
    """Ends a reservation with its bill: the rest returns, what exceeds it is an overrun and freezes.

    Settling again with the same bill changes nothing; with another bill it is a Conflict.
    """
    if billed_micro < 0:
        raise BadInput("A bill is zero or more.")
    held = _end(key, ReservationState.SETTLED, billed_micro)
    if held is None:
        return _already(key, ReservationState.SETTLED, billed_micro)
    within = min(billed_micro, held.amount_micro)
    over = billed_micro - within
    budgets = _budgets_held(held)
    Budget.objects.filter(pk__in=budgets).update(
        pending_micro=F("pending_micro") - held.amount_micro, posted_micro=F("posted_micro") + within
    )
    _write(budgets, key, "SETTLE", within, held)
    if over:
        Budget.objects.filter(pk__in=budgets).update(overrun_micro=F("overrun_micro") + over, frozen=True)
        _write(budgets, key, "OVERRUN", over, held)
        _tell_frozen(budgets, held, over)
    facts = {"reservation": key, "billed_micro": billed_micro, "overrun_micro": over}
    record(stream=f"run:{held.run_id}", action="money.settled", actor=actor, facts=facts)
    return held


def _tell_frozen(budget_ids: Sequence[int], held: Reservation, over_micro: int) -> None:
    for budget in Budget.objects.filter(pk__in=budget_ids):
        tell(
            kind="budget.frozen",
            occasion=f"budget:{budget.pk}:overrun:{held.key}",
            to=people_with(Permission.MANAGE_BUDGETS, budget.team_id),
            team_id=budget.team_id,
            subject=f"{budget.name} is frozen",
            text=f"The bill of R-{held.run_id} was ${from_micro(over_micro):.2f} above what was promised. "
            "The budget takes no new work until you clear it.",
            path=f"/cost/#budget-{budget.pk}",
            data={"budget": budget.pk, "run": held.run_id, "over_micro": over_micro},
        )


@transaction.atomic(savepoint=False)
def release(*, key: str, why: str, actor: Actor) -> Reservation:
    """Ends a reservation without a bill: nothing was sent, or the provider took nothing for it."""
    held = _end(key, ReservationState.RELEASED, 0)
    if held is None:
        return _already(key, ReservationState.RELEASED, 0)
    budgets = _budgets_held(held)
    Budget.objects.filter(pk__in=budgets).update(pending_micro=F("pending_micro") - held.amount_micro)
    _write(budgets, key, "RELEASE", held.amount_micro, held)
    facts = {"reservation": key, "why": why}
    record(stream=f"run:{held.run_id}", action="money.released", actor=actor, facts=facts)
    return held


def _end(key: str, target: ReservationState, billed_micro: int) -> Reservation | None:
    """Moves a held reservation to its end; None where somebody did so before."""
    check_move(RESERVATION_MOVES, ReservationState.HELD, target)
    moved = Reservation.objects.filter(key=key, state=ReservationState.HELD).update(
        state=target, settled_micro=billed_micro, ended_at=clock.now()
    )
    return Reservation.objects.get(key=key) if moved else None


def _already(key: str, state: ReservationState, billed_micro: int) -> Reservation:
    known = Reservation.objects.filter(key=key).first()
    if known is None:
        raise BadInput(f"There is no reservation {key}.")
    if (known.state, known.settled_micro) != (state, billed_micro):
        raise Conflict(f"Reservation {key} ended before: {known.state}.")
    return known


def _budgets_held(reservation: Reservation) -> list[int]:
    """The budgets it counts against, taken in their order until the transaction ends."""
    named = LedgerEntry.objects.filter(reservation=reservation, kind="RESERVE").values("budget")
    rows = Budget.objects.filter(pk__in=named).select_for_update().order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _write(
    budgets: Sequence[int], key: str, kind: str, amount_micro: int, reservation: Reservation | None = None
) -> None:
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            entry_id=f"{key}:{kind}:{budget}",
            budget_id=budget,
            reservation=reservation,
            kind=kind,
            amount_micro=amount_micro,
            at=clock.now(),
        )
        for budget in budgets
    )


@transaction.atomic(savepoint=False)
def stop_spending(*, why: str, actor: Actor) -> SpendingStop:
    """Holds all QPU work from now on. A second stop while one stands answers the first."""
    if not why.strip():
        raise BadInput("Say why: everybody who waits will read it.", field="why")
    standing = spending_stop()
    if standing is not None:
        return standing
    try:
        with transaction.atomic():
            made = SpendingStop.objects.create(why=why.strip(), by=actor.name, made_at=clock.now())
    except IntegrityError as problem:
        raise Conflict("Somebody else stopped QPU spending at this moment.") from problem
    record(stream="spending", action="spending.stopped", actor=actor, facts={}, personal={"why": made.why})
    return made


@transaction.atomic(savepoint=False)
def resume_spending(*, actor: Actor) -> None:
    """Lifts the stop; nothing happens where none stands."""
    lifted = SpendingStop.objects.filter(standing=True).update(
        standing=None, lifted_at=clock.now(), lifted_by=actor.name
    )
    if lifted:
        record(stream="spending", action="spending.resumed", actor=actor, facts={})


@transaction.atomic(savepoint=False)
def clear_overrun(*, budget_id: int, why: str, actor: Actor) -> None:
    """Finance accepts an overrun: the budget takes new work again, the overrun stays in the ledger."""
    if not why.strip():
        raise BadInput("Say why the overrun is accepted.", field="why")
    if Budget.objects.filter(pk=budget_id, frozen=True).update(frozen=False):
        record(
            stream=f"budget:{budget_id}",
            action="budget.cleared",
            actor=actor,
            facts={},
            personal={"why": why},
        )


def keys_held(run_id: int) -> Iterable[str]:
    """The reservations of a run that have not ended."""
    rows = Reservation.objects.filter(run_id=run_id, state=ReservationState.HELD)
    return list(rows.order_by("id").values_list("key", flat=True))


def price_book_of(key: str) -> str:
    """The digest of the price book under which a reservation was made."""
    return Reservation.objects.values_list("price_book", flat=True).get(key=key)
