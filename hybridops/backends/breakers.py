"""Circuit breakers on record: what came back, the moves that follow by rule, and those that people make.

`_move` is the one writer of a breaker's state. Whoever holds rows of a run may take a breaker's afterwards, but a
budget's only after it: see `experiments/books.py: hold`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from hybridops.audit.services import record
from hybridops.backends.models import Breaker, BreakerMove, Listing, Outcome
from hybridops.domain import breaker as rule
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM, Actor
from hybridops.domain.breaker import Heard, Passage, Verdict
from hybridops.domain.dispatch import Key
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.shares import rules
from hybridops.domain.states import BreakerState
from hybridops.outbox.services import tell
from hybridops.teams.access import people_with
from hybridops.teams.models import Team
from hybridops.teams.permissions import Permission

KEPT = 500  # outcomes of each backend
TIDIED_EVERY = 50
STUBBORN = 3  # openings in a row after which a person is asked for
WHY_MAX = 300
_S = BreakerState


def passage() -> Passage:
    """What lets nothing through now, and what lets one job through. One question, and nothing found as a rule."""
    shut, trials, now = {}, set(), clock.now().timestamp()
    for row in Breaker.objects.exclude(state=_S.CLOSED):
        key, one = (row.provider, row.backend), _rule_of(row)
        if rule.shut(one, "", now):
            shut[key] = reason(row), one.until
        else:
            trials.add(key)
    return Passage(shut, frozenset(trials))


def reason(row: Breaker) -> str:
    """Why nothing goes there, as half a sentence without anybody's words; nothing where it is closed."""
    name = row.backend or row.provider
    match BreakerState(row.state):
        case _S.OPEN:
            return f"{name} is left alone for now, {row.told}"
        case _S.HALF_OPEN:
            return f"{name} is on trial with one job"
        case _S.HELD:
            return f"an operator holds back what would go to {name}"
        case _S.CLOSED:
            return ""


@transaction.atomic(savepoint=False)
def admit(*, provider: str, backend: str, job: str) -> str:
    """Lets a job through, as the trial where that is what is possible; or why it may not go."""
    rows = _of(provider, backend).exclude(state=_S.CLOSED).select_for_update().order_by("backend")
    now, found = clock.now().timestamp(), list(rows)
    for row in found:
        if rule.shut(_rule_of(row), job, now):
            return reason(row)
    for row in found:
        if move := rule.admit(_rule_of(row), job, now):
            _move(row, move, SYSTEM)
    return ""


@transaction.atomic(savepoint=False)
def hear(*, provider: str, backend: str, job: str, verdict: Verdict, kind: str, whole: bool) -> bool:
    """Keeps what the end of a job says and makes the moves that follow; whether there were any.

    `whole`: the fault is of the provider, whichever backend was asked for.
    """
    now = clock.now()
    if verdict != Verdict.NOTHING:
        _keep(provider, backend, job, now, kind=kind if verdict == Verdict.FAULT else "", whole=whole)
    if verdict == Verdict.FAULT:
        Breaker.objects.get_or_create(provider=provider, backend="" if whole else backend)
    about = Q(trial=job)
    if verdict == Verdict.FAULT:
        about |= Q(backend="" if whole else backend)
    heard, moved = Heard(job, verdict, now.timestamp()), False
    for row in _of(provider, backend).filter(about).select_for_update().order_by("backend"):
        if move := rule.hear(_rule_of(row), heard, _recent(row, now), _rules()):
            _move(row, move, SYSTEM)
            moved = True
    return moved


def _keep(provider: str, backend: str, job: str, at: datetime, *, kind: str, whole: bool) -> None:
    made = Outcome.objects.create(
        provider=provider, backend=backend, job=job, sound=not kind, whole=whole, kind=kind[:40], at=at
    )
    if made.pk % TIDIED_EVERY == 0:
        rows = Outcome.objects.filter(provider=provider, backend=backend).order_by("-at", "-id")
        Outcome.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[KEPT:])).delete()


def _recent(row: Breaker, now: datetime) -> Iterable[Heard]:
    """What came back within the window: of the provider as a whole, or of one backend."""
    begins = now - timedelta(seconds=_rules().window_seconds)
    seen = Outcome.objects.filter(provider=row.provider, at__gte=begins, at__lte=now)
    seen = (
        seen.filter(backend=row.backend, whole=False)
        if row.backend
        else seen.filter(Q(sound=True) | Q(whole=True))
    )
    for job, sound, at in seen.values_list("job", "sound", "at"):
        yield Heard(job, Verdict.SOUND if sound else Verdict.FAULT, at.timestamp())


@transaction.atomic(savepoint=False)
def set_by_hand(
    *, provider: str, backend: str, target: BreakerState, seen: int, why: str, actor: Actor
) -> None:
    """Holds a breaker open until somebody closes it, or closes it.

    `seen` is the version the person was looking at, 0 where there was none: Conflict where it has moved since.
    """
    known = Listing.objects.filter(provider=provider)
    if not (known.filter(name=backend) if backend else known).exists():
        raise BadInput("No such backend has been seen here.")
    if not why.strip():
        raise BadInput(
            "Say why: who waits reads that it is held, and the trail keeps the reason.", field="why"
        )
    row, _ = Breaker.objects.get_or_create(provider=provider, backend=backend)
    row = Breaker.objects.select_for_update().get(pk=row.pk)
    if row.version != seen:
        raise Conflict("It has moved meanwhile. Read it again.")
    move = rule.by_hand(_rule_of(row), target, why.strip(), clock.now().timestamp())
    _move(row, move, actor, by=actor.name)


def _move(row: Breaker, move: rule.Move, actor: Actor, *, by: str = "") -> None:
    """Writes a move: the state, its entry, the event, and who is told. Guarded by the version it was read with."""
    after = move.after
    changed = Breaker.objects.filter(pk=row.pk, version=row.version).update(
        state=after.state,
        since=after.since,
        until=after.until,
        openings=after.openings,
        trial=after.trial,
        told="" if by else move.why[:200],
        version=row.version + 1,
    )
    if changed != 1:
        raise Conflict(f"The breaker of {row} has moved meanwhile.")
    entry = BreakerMove.objects.create(
        breaker=row,
        source=move.before.state,
        target=after.state,
        why=move.why[:WHY_MAX],
        by=by[:120],
        made_at=datetime.fromtimestamp(move.at, UTC),
    )
    facts: dict[str, object] = {"provider": row.provider, "backend": row.backend}
    facts |= {"from": move.before.state, "to": after.state}
    facts |= {"openings": after.openings, "trial": after.trial} | ({} if by else {"why": move.why})
    said = {"why": move.why} if by else {}
    record(stream="queues", action=f"breaker.{after.state}", actor=actor, facts=facts, personal=said)
    if move.before.state == _S.CLOSED:
        _tell(row, entry)


def _tell(row: Breaker, entry: BreakerMove) -> None:
    """Who operates anywhere is told once that nothing goes there; the words of a person stay on the page."""
    how = "an operator holds it" if entry.by else entry.why
    for team in Team.objects.order_by("pk"):
        tell(
            kind="breaker.opened",
            occasion=f"breaker:{row.pk}:{entry.pk}",
            to=people_with(Permission.OPERATE, team.pk),
            team_id=team.pk,
            subject=f"Nothing is sent to {row} for now",
            text=f"Its breaker is open: {how}. Runs go another approved way or wait; nothing is lost.",
            path="/backends/",
            data={"provider": row.provider, "backend": row.backend, "state": entry.target},
        )


def _of(provider: str, backend: str) -> QuerySet[Breaker]:
    """The breaker of a backend and that of its provider, as far as there are any."""
    return Breaker.objects.filter(provider=provider, backend__in=("", backend))


def _rule_of(row: Breaker) -> rule.Breaker:
    return rule.Breaker(BreakerState(row.state), row.since, row.until, row.openings, row.trial)


def _rules() -> rule.BreakerRules:
    return rules(settings.SCHEDULING).breaker


def for_a_person() -> list[Breaker]:
    """Those that a person holds, and those that have opened again and again: somebody has to ask the vendor."""
    return list(
        Breaker.objects.filter(Q(state=_S.HELD) | (~Q(state=_S.CLOSED) & Q(openings__gte=STUBBORN))).order_by(
            "provider", "backend"
        )
    )


def breakers() -> dict[Key, Breaker]:
    """Every breaker by provider and backend; a provider's own under an empty backend."""
    return {(row.provider, row.backend): row for row in Breaker.objects.order_by("provider", "backend")}
