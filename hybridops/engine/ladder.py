"""Whoever waits too long takes the next way out that its class allows, on record and with a new quote."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from hybridops.approvals.queries import all_about, by_subject
from hybridops.backends import breakers
from hybridops.backends.services import known
from hybridops.backends.waiting import waits
from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain import clock, ladder
from hybridops.domain.actors import SYSTEM
from hybridops.domain.breaker import Passage
from hybridops.domain.dispatch import Key
from hybridops.domain.envelope import Envelope, read
from hybridops.domain.ladder import Rung, Standing
from hybridops.domain.money import from_micro, to_micro
from hybridops.domain.placement import Placement
from hybridops.domain.states import StageState
from hybridops.domain.waits import Waits
from hybridops.engine.sending import compiled
from hybridops.engine.slots import slot_cost
from hybridops.experiments import conduct, sites, turns
from hybridops.experiments.models import Submission, Turn


def climb() -> None:
    """One rung at most for everybody who stands in line."""
    if not Turn.objects.exists():
        return
    seen, rules, may = waits(), sites.rules(), breakers.passage()
    standing = sites.in_line().filter(until__isnull=True, stage__state=StageState.HELD)
    for turn in standing.select_related("stage__run__experiment"):
        at = _standing(turn, seen, may)
        rung = ladder.climb(at, rules.of_class(turn.priority_class), rules)
        if rung is not None:
            _take(turn, rung, at)


def _standing(turn: Turn, seen: Mapping[Key, Waits], may: Passage) -> Standing:
    now = clock.now()
    listed = tuple((provider, backend) for provider, backend in turn.listed)
    shut = {key: until for key in listed for why, until in [may.why_not(key)] if why}
    return Standing(
        waited=(now - turn.asked_at).total_seconds(),
        left=(turn.not_after - now).total_seconds(),
        shots=turn.shots or int(turn.stage.run.parameters["shots"]),
        taken=tuple(turn.rungs),
        open_to=tuple((provider, backend) for provider, backend in turn.open_to),
        listed=listed,
        beyond=_beyond(turn, listed, may),
        waits=seen,
        shut={key: until and max(0.0, until - now.timestamp()) for key, until in shut.items()},
    )


def _beyond(turn: Turn, listed: tuple[Key, ...], may: Passage) -> tuple[Key, ...]:
    """Open backends that its workflow could use and its approval does not list; none once something was sent, or
    where it was asked again before. Whether one can take the work is what the gate finds out.
    """
    run = turn.stage.run
    if all_about(conduct.subject(run.pk)).count() > 1 or Submission.objects.filter(run=run).exists():
        return ()
    allowed = workflow_by_digest(run.experiment.definition_digest).providers
    open_ones = [(one.provider, one.name) for one in known() if one.available and one.provider in allowed]
    return tuple(key for key in open_ones if key not in listed and not may.why_not(key)[0])


@transaction.atomic(savepoint=False)
def _take(turn: Turn, rung: Rung, at: Standing) -> None:
    """The rung on the turn's row, quoted again, with its record; nothing where the turn was given meanwhile."""
    request = by_subject(conduct.subject(turn.stage.run_id))
    if request is None:
        return
    shots = rung.shots or at.shots
    open_to = (*at.open_to, *((rung.to,) if rung.to and rung.name == ladder.OTHER else ()))
    cost = _cost(turn, read(request.envelope), open_to, shots)
    if rung.name == ladder.SIMULATION:
        cost = Decimal(0)
    placement = _placement(turn, rung, at, cost)
    turns.take_rung(
        turn,
        rung=rung.name,
        open_to=open_to,
        shots=rung.shots or turn.shots,
        cost_micro=to_micro(cost),
        placement=placement,
        wake=rung.name in (ladder.ASK, ladder.SIMULATION),
        actor=SYSTEM,
    )


def _cost(turn: Turn, envelope: Envelope, keys: tuple[Key, ...], shots: int) -> Decimal:
    """The most it may cost with these shots, on the dearest of the backends that it waits for."""
    bodies = [body for body in compiled(turn.stage.run_id) if (body["provider"], body["backend"]) in keys]
    circuits = envelope.bindings_max
    return slot_cost(envelope.price_book, bodies, shots=shots * circuits, circuits=circuits)


def _placement(turn: Turn, rung: Rung, at: Standing, cost: Decimal) -> Placement:
    provider, backend = rung.to or at.open_to[0]
    waited, was = f"after {at.waited:.0f} s in line", from_micro(turn.cost_micro)
    money = f"at most ${cost:.2f}, before ${was:.2f}, inside what was approved"
    queues = ladder.words(at.waits, at.listed)
    match rung.name:
        case ladder.FEWER:
            why = f"{waited} it asks for {rung.shots} of {at.shots} shots: {money}"
        case ladder.OTHER:
            hurry = f", with {at.left:.0f} s left" if rung.late else ""
            if all(key in at.shut for key in at.open_to):
                hurry += f", as nothing goes to {' and '.join(key[1] for key in at.open_to)} for now,"
            why = f"{waited}{hurry} it may go to {backend} too: {queues}; {money}"
        case ladder.ASK:
            why = f"{waited} no approved backend takes it: {queues}; {backend} may, and is asked about"
        case _:
            provider, backend = "here", "the fallback"
            why = f"{waited} no approved backend would be in time: {queues}, and {at.left:.0f} s are left"
    others = tuple((key[1], "listed in the approval") for key in at.listed if key[1] != backend)
    return Placement("qpu", provider, backend, why, others)
