"""Reservations: reserve the worst case before a call, settle or release after it, each exactly once.

Guarded UPDATEs in a fixed order keep every promise under concurrency on SQLite and PostgreSQL alike. They come last of
all that a verb writes: everybody who spends from a budget waits for whoever has its row. What people of finance do
about budgets is in limits.py, the stop of all spending in stops.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, NoRoom, Refused
from hybridops.domain.ledger import Amounts, Kind, Movement, Unit, reserved, settled
from hybridops.domain.money import from_micro
from hybridops.domain.states import RESERVATION_MOVES, ReservationState, check_move
from hybridops.outbox.services import tell
from hybridops.quotas.ledger import all_given_back, asked_of, budgets_of, taken, write
from hybridops.quotas.models import Budget, Reservation
from hybridops.quotas.periods import today
from hybridops.quotas.queries import budgets_for, finance_of


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
    experiment_id: int | None = None,
    shots: int = 0,
    qpu_ms: int = 0,
) -> Reservation:
    """Promises the worst case on every budget that applies, or on none.

    The same key with the same amounts is the same reservation; with others it is a Conflict.
    Raises NoRoom naming the budget that is too small or frozen, Refused where no budget applies.
    """
    asked = Amounts(amount_micro, shots, qpu_ms)
    try:
        with transaction.atomic():
            made = Reservation.objects.create(
                key=key,
                state=ReservationState.HELD,
                run_id=run_id,
                what=what,
                amount_micro=amount_micro,
                shots=shots,
                qpu_ms=qpu_ms,
                price_book=price_book,
                made_at=clock.now(),
            )
    except IntegrityError:
        return _reserved(key, run_id, asked)
    budgets = budgets_for(
        team_id=team_id, project_id=project_id, experiment_id=experiment_id, backend=backend, on=today()
    )
    if not budgets and amount_micro:
        raise Refused("No budget covers this. Finance can set one; until then nothing that costs money runs.")
    write(budgets, key, [reserved(unit, amount) for unit, amount in asked.each()], reservation=made)
    facts = {"reservation": key, "amount_micro": amount_micro, "what": what}
    record(stream=f"run:{run_id}", action="money.reserved", actor=actor, facts=facts)
    for budget in budgets:
        _promise(budget, asked)
    return made


def _reserved(key: str, run_id: int, asked: Amounts) -> Reservation:
    known = Reservation.objects.get(key=key)
    if (known.run_id, asked_of(known)) != (run_id, asked):
        raise Conflict(f"Reservation {key} exists with another amount.")
    return known


def _promise(budget: Budget, asked: Amounts) -> None:
    """One guarded UPDATE; a unit that is not asked for is not looked at, so classical work needs no shots."""
    limits = [_within(unit, amount) for unit, amount in asked.each() if unit is not Unit.MICRO]
    free = Budget.objects.filter(
        *limits,
        pk=budget.pk,
        frozen=False,
        closed_at=None,
        limit_micro__gte=F("pending_micro") + F("posted_micro") + asked.micro,
    )
    if not _take(free, asked):
        raise NoRoom(_lacks(Budget.objects.get(pk=budget.pk), asked))


def _take(budgets: QuerySet[Budget], asked: Amounts) -> int:
    return budgets.update(
        pending_micro=F("pending_micro") + asked.micro,
        pending_shots=F("pending_shots") + asked.shots,
        pending_qpu_ms=F("pending_qpu_ms") + asked.qpu_ms,
    )


def _within(unit: str, amount: int) -> Q:
    taken = F(f"pending_{unit}") + F(f"posted_{unit}") + amount
    return Q(**{f"limit_{unit}": None}) | Q(**{f"limit_{unit}__gte": taken})


def _lacks(budget: Budget, asked: Amounts) -> str:
    if budget.frozen:
        return f"{budget.name} is frozen after an overrun. Finance can clear it."
    if budget.limit_shots is not None and budget.free_of("shots") < asked.shots:
        return f"{budget.name} has {budget.free_of('shots')} shots left; this may take {asked.shots}."
    if budget.limit_qpu_ms is not None and budget.free_of("qpu_ms") < asked.qpu_ms:
        seconds = budget.free_of("qpu_ms") / 1000
        return (
            f"{budget.name} has {seconds:.3f} s of QPU time left; this may take {asked.qpu_ms / 1000:.3f} s."
        )
    return (
        f"{budget.name} has ${from_micro(budget.free_micro):.2f} left; this may cost up to "
        f"${from_micro(asked.micro):.2f}. Lower it, or ask finance for more."
    )


@transaction.atomic(savepoint=False)
def settle(*, key: str, billed_micro: int, actor: Actor, shots: int = 0, qpu_ms: int = 0) -> Reservation:
    """Ends a reservation with its bill: the rest returns, money that exceeds it is an overrun and freezes.

    Settling again with the same bill changes nothing; with another bill it is a Conflict.
    """
    used = Amounts(billed_micro, shots, qpu_ms)
    if min(billed_micro, shots, qpu_ms) < 0:
        raise BadInput("A bill is zero or more.")
    held = _end(key, ReservationState.SETTLED, billed_micro)
    if held is None:
        return _already(key, ReservationState.SETTLED, billed_micro)
    asked = asked_of(held)
    over = max(0, billed_micro - asked.micro)
    budgets = budgets_of(held)
    write(budgets, key, _movements(asked, used), reservation=held)
    facts = {"reservation": key, "billed_micro": billed_micro, "overrun_micro": over}
    record(stream=f"run:{held.run_id}", action="money.settled", actor=actor, facts=facts)
    counted = taken(budgets)
    _spend(counted, asked, used, over)
    if over:
        _freeze(counted, over)
        _tell_frozen(budgets, held, over)
    return held


def _spend(budgets: QuerySet[Budget], asked: Amounts, used: Amounts, over: int) -> None:
    budgets.update(
        pending_micro=F("pending_micro") - asked.micro,
        posted_micro=F("posted_micro") + used.micro - over,
        pending_shots=F("pending_shots") - asked.shots,
        posted_shots=F("posted_shots") + used.shots,
        pending_qpu_ms=F("pending_qpu_ms") - asked.qpu_ms,
        posted_qpu_ms=F("posted_qpu_ms") + used.qpu_ms,
    )


def _freeze(budgets: QuerySet[Budget], over: int) -> None:
    budgets.update(overrun_micro=F("overrun_micro") + over, frozen=True)


def _movements(asked: Amounts, used: Amounts) -> list[Movement]:
    return [
        movement
        for unit in Unit
        if unit is Unit.MICRO or getattr(asked, unit) or getattr(used, unit)
        for movement in settled(unit, getattr(asked, unit), getattr(used, unit))
    ]


def _tell_frozen(budgets: Sequence[Budget], held: Reservation, over_micro: int) -> None:
    for budget in budgets:
        tell(
            kind="budget.frozen",
            occasion=f"budget:{budget.pk}:overrun:{held.key}",
            to=finance_of(budget),
            team_id=budget.team_id,
            subject=f"{budget.name} is frozen",
            text=f"The bill of R-{held.run_id} was ${from_micro(over_micro):.2f} above what was promised. "
            "The budget takes no new work until you clear it.",
            path=f"/cost/budgets/#budget-{budget.pk}",
            data={"budget": budget.pk, "run": held.run_id, "over_micro": over_micro},
        )


@transaction.atomic(savepoint=False)
def release(*, key: str, why: str, actor: Actor) -> Reservation:
    """Ends a reservation without a bill: nothing was sent, or the provider took nothing for it."""
    return _give_back(key, ReservationState.RELEASED, Kind.RELEASE, "money.released", why, actor)


@transaction.atomic(savepoint=False)
def expire(*, key: str, why: str, actor: Actor) -> Reservation:
    """The same for one that was left behind: its run has ended and nothing needs it."""
    return _give_back(key, ReservationState.EXPIRED, Kind.EXPIRE, "money.expired", why, actor)


def _give_back(
    key: str, target: ReservationState, kind: Kind, action: str, why: str, actor: Actor
) -> Reservation:
    held = _end(key, target, 0)
    if held is None:
        return _already(key, target, 0)
    asked = asked_of(held)
    budgets = budgets_of(held)
    write(budgets, key, all_given_back(kind, asked), reservation=held)
    facts = {"reservation": key, "why": why}
    record(stream=f"run:{held.run_id}", action=action, actor=actor, facts=facts)
    _take(taken(budgets), Amounts(-asked.micro, -asked.shots, -asked.qpu_ms))
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


def keys_held(run_id: int) -> Iterable[str]:
    """The reservations of a run that have not ended."""
    rows = Reservation.objects.filter(run_id=run_id, state=ReservationState.HELD)
    return list(rows.order_by("id").values_list("key", flat=True))


def price_book_of(key: str) -> str:
    """The digest of the price book under which a reservation was made."""
    return Reservation.objects.values_list("price_book", flat=True).get(key=key)
