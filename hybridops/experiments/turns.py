"""Whose turn it is to send something: asked for in the transaction that sends, given by whoever comes by.

Where no cap is set and every breaker is closed nobody waits and nothing is written. A turn that is given and not used
lapses and is given again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from hybridops.backends import breakers, caps
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM, Actor
from hybridops.domain.dispatch import Cap, Denial, Grant, Key, dispatch
from hybridops.domain.errors import Conflict, Fenced, IllegalMove
from hybridops.domain.money import from_micro
from hybridops.domain.placement import Placement
from hybridops.domain.states import StageState
from hybridops.experiments import conduct, sites
from hybridops.experiments.announce import queues_changed
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Placement as Placed
from hybridops.experiments.models import Run, Stage, Turn
from hybridops.experiments.transitions import StageMove, apply

GRANT_SECONDS = 60.0
WAITED = "turn"  # in the summary of a stage that has had to wait
KEEPS_ITS_PLACE = (conduct.TURN, conduct.STOPPED, conduct.FROZEN, conduct.STORAGE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What would be sent where, and where else it may go, by what is approved."""

    to: Key
    listed: tuple[Key, ...]
    cost_micro: int
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """It goes where `why` is empty. `again`: its turn is at another backend, its grant says at which. `first`: it has
    just begun to wait. `guarded`: a breaker is not closed somewhere, so it has to be let through by those it meets.
    """

    why: str = ""
    again: bool = False
    first: bool = False
    guarded: bool = False


@transaction.atomic(savepoint=False)
def enter(*, run: Run, stage: Stage, wish: Wish) -> Answer:
    """Whether this stage may send now, as part of the transaction that writes the intent down.

    Nobody else's run is touched here: the turns of others are given by `step`.
    """
    limits, may = caps.limits(locked=True), breakers.passage()
    if not limits and not may:
        return Answer()
    turn, goes = Turn.objects.filter(pk=stage.pk).first(), Answer(guarded=bool(may))
    if turn is not None and may.why_not(wish.to)[0]:
        turn = _given_back(turn)
    if clock.now() >= wish.not_after or (turn is not None and _is_for(turn, wish.to)):
        Turn.objects.filter(pk=stage.pk).delete()  # its time is over, which whoever sends says; or it is used
        return goes
    first = turn is None
    if turn is None:
        turn = _new(run, stage, wish)
    grants, denials, _ = _decided(limits)
    if mine := next((grant for grant in grants if grant.job == stage.pk), None):
        if mine.backend == wish.to:
            turn.delete()
            return goes
        _note(turn, mine)
    turn.refresh_from_db()
    if turn.until is not None:
        return Answer(again=True)
    denied = next((denial for denial in denials if denial.job == stage.pk), None)
    if denied is None:
        raise Fenced(f"{stage} is no longer at work.")
    return Answer(why=denied.why, first=first)


def _is_for(turn: Turn, key: Key) -> bool:
    """Whether it was given for this backend and has not lapsed."""
    return (turn.provider, turn.backend) == key and turn.until is not None and turn.until > db_now()


def _given_back(turn: Turn) -> Turn:
    """A turn at what has been shut since: it waits again, or goes elsewhere."""
    Turn.objects.filter(pk=turn.pk).update(provider="", backend="", until=None, granted_at=None)
    return Turn.objects.get(pk=turn.pk)


def _new(run: Run, stage: Stage, wish: Wish) -> Turn:
    queues_changed()
    return Turn.objects.create(
        stage=stage,
        team_id=run.experiment.project.team_id,
        priority_class=run.experiment.priority_class,
        asked_at=clock.now(),
        not_after=wish.not_after,
        cost_micro=wish.cost_micro,
        listed=[list(key) for key in wish.listed],
        open_to=[list(wish.to)],
    )


def of(stage_id: int) -> Turn | None:
    """A stage's place in line, or None."""
    return Turn.objects.filter(pk=stage_id).first()


def leave(stage_id: int) -> None:
    """The stage stands in line no more: what it waited for is asked about anew."""
    Turn.objects.filter(pk=stage_id).delete()


@transaction.atomic(savepoint=False)
def take_rung(
    turn: Turn,
    *,
    rung: str,
    open_to: Sequence[Key],
    shots: int,
    cost_micro: int,
    placement: Placement,
    wake: bool,
    actor: Actor,
) -> None:
    """A way out of waiting, with its record; nothing where the turn was given, used or changed meanwhile."""
    caps.limits(locked=True)
    still = Turn.objects.filter(pk=turn.pk, until__isnull=True, rungs=turn.rungs)
    taken = still.update(
        rungs=[*turn.rungs, rung], open_to=[list(key) for key in open_to], shots=shots, cost_micro=cost_micro
    )
    if not taken:
        return
    queues_changed()
    run_id, key = turn.stage.run_id, turn.stage.key
    Placed.objects.create(run_id=run_id, stage=key, document=placement.document(), made_at=clock.now())
    moves = [StageMove(key, StageState.READY, placement.why)] if wake else []
    apply(run_id=run_id, actor=actor, stages=moves, facts={"rung": rung, "shots": shots})


def step() -> int:
    """Gives every turn that can be given now; how many. Costs one question where nobody waits.

    Each in a transaction of its own, with its entry in the trail: who holds one run never waits for another's.
    """
    if not Turn.objects.exists():
        return 0
    _tidy()
    given = 0
    with suppress(
        Conflict, Fenced, IllegalMove
    ):  # somebody moved that run meanwhile; the next round looks again
        while _give_one():
            given += 1
    return given


@transaction.atomic
def _give_one() -> bool:
    grants, _, waiting = _decided(caps.limits(locked=True))
    if grants:
        _give(waiting[grants[0].job], grants[0])
    return bool(grants)


def _tidy() -> None:
    """Who no longer wants a turn leaves the line; who ran out of time is called to say so."""
    for turn in Turn.objects.select_related("stage").order_by("pk"):
        state, why = turn.stage.state, turn.stage.why
        held = state == StageState.HELD and why.startswith(KEEPS_ITS_PLACE)
        if not held and state not in (StageState.READY, StageState.RUNNING):
            turn.delete()
            queues_changed()
        elif held and turn.not_after <= clock.now():
            with suppress(Conflict, Fenced, IllegalMove):
                _call(turn)


@transaction.atomic
def _call(turn: Turn) -> None:
    Turn.objects.filter(pk=turn.pk).delete()
    queues_changed()
    move = StageMove(turn.stage.key, StageState.READY, "its time is over")
    apply(run_id=turn.stage.run_id, actor=SYSTEM, stages=[move])


def _decided(limits: Mapping[Key, Cap]) -> tuple[list[Grant], list[Denial], dict[int, Turn]]:
    """What the rules say of everybody in line; the caller holds the caps. Lapsed turns wait again."""
    Turn.objects.filter(until__lte=db_now()).update(provider="", backend="", until=None, granted_at=None)
    rows, rule = list(sites.in_line()), sites.rules()
    there = sites.site(limits, [turn for turn in rows if turn.until is not None], rule)
    waiting = {turn.pk: turn for turn in rows if turn.until is None}
    grants, denials = dispatch(sites.waiting_of(waiting.values()), there, rule, clock.now().timestamp())
    return grants, denials, waiting


def _note(turn: Turn, grant: Grant) -> None:
    """The turn on its row: it holds a place until it is used or lapses."""
    provider, backend = grant.backend
    queues_changed()
    Turn.objects.filter(pk=turn.pk).update(
        provider=provider, backend=backend, granted_at=clock.now(), until=db_now() + GRANT_SECONDS
    )


def _give(turn: Turn, grant: Grant) -> None:
    """The turn on its row and in the trail; a stage that stands still for it goes on."""
    provider, backend = grant.backend
    _note(turn, grant)
    if turn.stage.state != StageState.HELD:
        return  # it works its way here and looks at its grant
    waited = max(0.0, (clock.now() - turn.asked_at).total_seconds())
    why = f"its turn at {backend} after {waited:.0f} s"
    facts = {
        "turn": {
            "provider": provider,
            "backend": backend,
            "waited_s": round(waited),
            "overdue": grant.overdue,
        }
    }
    move = StageMove(turn.stage.key, StageState.READY, why)
    apply(run_id=turn.stage.run_id, actor=SYSTEM, stages=[move], facts=facts)


def waits(wish: Wish, why: str) -> Placement:
    """The record of a delay: where it waits, why, what it may cost there, and where else it might have gone."""
    others = tuple(
        (backend, "approved as another way out") for _, backend in wish.listed if backend != wish.to[1]
    )
    cost = f"it may cost ${from_micro(wish.cost_micro):.2f} whenever it goes"
    return Placement("qpu", wish.to[0], wish.to[1], f"it waits for its turn: {why}; {cost}", others)


def line() -> Sequence[tuple[Turn, Denial | None]]:
    """Everybody in line as the rules would answer now, for looking at: those with a turn first, without a reason."""
    rows, rule = list(sites.in_line()), sites.rules()
    if not rows:
        return []
    given = [turn for turn in rows if turn.until is not None]
    there = sites.site(caps.limits(), given, rule)
    waiting = {turn.pk: turn for turn in rows if turn.until is None}
    grants, denials = dispatch(sites.waiting_of(waiting.values()), there, rule, clock.now().timestamp())
    soon = [(waiting[grant.job], None) for grant in grants]
    return [*((turn, None) for turn in given), *soon, *((waiting[d.job], d) for d in denials)]
