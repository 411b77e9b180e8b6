"""What everything that leaves has in common: taken under a lease, sent outside any transaction, then ended.

A sender that dies in between leaves the row to be sent again under the same id: never lost, duplicates marked.
What an event of a run has before it in the same outlet goes first, also where that was given up: order is promised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from hybridops.audit.services import record
from hybridops.domain.actors import SYSTEM, Actor
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.states import NOTICE_MOVES, NoticeState, check_move
from hybridops.outbox.models import Delivery, Message, Publication

LEASE = timedelta(minutes=2)
AGAIN = (timedelta(seconds=20), timedelta(hours=1))  # first and longest wait
# A broker serves everybody: while it is away nothing is wrong with an event, so it is tried for about a day.
ATTEMPTS_MAX = {Message: 8, Delivery: 8, Publication: 30}
REPLAYED_MAX = 1000

type Row = Message | Delivery | Publication


def take[N: (Message, Delivery, Publication)](kind: type[N], limit: int, **outlet: object) -> Iterator[N]:
    """Due rows that nobody else sends, oldest first, each leased to the caller when it comes to it."""
    now = timezone.now()
    rows = kind._default_manager.filter(state=NoticeState.QUEUED, next_at__lte=now, **outlet)
    for row in _in_order(kind, rows).order_by("next_at", "id")[:limit]:
        if _lease(kind, row):
            yield row


def _in_order[N: (Message, Delivery, Publication)](kind: type[N], rows: QuerySet[N]) -> QuerySet[N]:
    """Without those that have something of the same run before them."""
    if issubclass(kind, Message):
        return rows
    to = "webhook" if issubclass(kind, Delivery) else "broker"
    same = {"order": OuterRef("order"), to: OuterRef(to), "pk__lt": OuterRef("pk")}
    before = kind._default_manager.filter(state__in=(NoticeState.QUEUED, NoticeState.GIVEN_UP), **same)
    free = Q(order="") | ~Exists(before)
    return rows.filter(free | Q(webhook__active=False) if issubclass(kind, Delivery) else free)


def _lease[N: (Message, Delivery, Publication)](kind: type[N], row: N) -> bool:
    seen = kind._default_manager.filter(pk=row.pk, state=NoticeState.QUEUED, attempts=row.attempts)
    row.attempts += 1
    return bool(seen.update(next_at=timezone.now() + LEASE, attempts=F("attempts") + 1))


def end(rows: Sequence[Row], target: NoticeState, now: datetime) -> None:
    """Sent or dropped: the rows are done with, also where somebody else ended them after our lease."""
    for row in rows:
        with suppress(Conflict):
            _move(row, target, now)


def fail(rows: Sequence[Row], error: str, now: datetime) -> None:
    """Another attempt later, or given up where there were enough; then an operator sees it."""
    for row in rows:
        if row.attempts >= ATTEMPTS_MAX[type(row)]:
            with suppress(Conflict):
                _move(row, NoticeState.GIVEN_UP, now, error)
            continue
        wait = min(AGAIN[1], AGAIN[0] * 2 ** min(row.attempts - 1, 20))
        mine = type(row)._default_manager.filter(pk=row.pk, state=NoticeState.QUEUED, attempts=row.attempts)
        mine.update(next_at=now + wait, error=error[:300])


@transaction.atomic(savepoint=False)
def try_again(*, row: Row, actor: Actor, now: datetime) -> None:
    """A person asks for another round of attempts; raises Conflict where it is not given up."""
    if row.state != NoticeState.GIVEN_UP:
        raise Conflict("Somebody else dealt with this notice at this moment.")
    _move(row, NoticeState.QUEUED, now)
    record(stream="outbox", action="notice.retried", actor=actor, facts=_told(row))


@transaction.atomic(savepoint=False)
def leave_out(*, row: Row, actor: Actor, now: datetime) -> None:
    """A person gives up a dead letter for good: what waits behind it goes on."""
    _move(row, NoticeState.DROPPED, now)
    record(stream="outbox", action="notice.left_out", actor=actor, facts=_told(row))


@transaction.atomic(savepoint=False)
def replay(
    *,
    rows: QuerySet[Delivery] | QuerySet[Publication],
    since: datetime,
    until: datetime,
    actor: Actor,
    to: str,
) -> int:
    """Sends again what was made from `since` until before `until`, under the same ids; how many.

    Raises BadInput where there is nothing, or more than a thousand.
    """
    again = rows.filter(made_at__gte=since, made_at__lt=until)
    ended = again.filter(state__in=(NoticeState.SENT, NoticeState.GIVEN_UP)).order_by("id")
    found: list[Row] = list(ended[: REPLAYED_MAX + 1])
    if not found:
        raise BadInput("Nothing was sent there in this time.", field="since")
    if len(found) > REPLAYED_MAX:
        raise BadInput(f"These are more than {REPLAYED_MAX} events. Take a shorter time.", field="until")
    now = timezone.now()
    for row in found:
        _move(row, NoticeState.QUEUED, now)
    facts: dict[str, Any] = {"to": to, "since": since.isoformat(), "until": until.isoformat()}
    record(stream="outbox", action="notice.replayed", actor=actor, facts={**facts, "events": len(found)})
    return len(found)


@transaction.atomic
def _move(row: Row, target: NoticeState, now: datetime, error: str = "") -> None:
    """The only writer of a notice's state. Giving up is an event; sending is what was promised."""
    source = NoticeState(row.state)
    check_move(NOTICE_MOVES, source, target)
    values: dict[str, object] = {"state": target, "error": error[:300], "next_at": now}
    values |= {"attempts": 0, "ended_at": None} if target == NoticeState.QUEUED else {"ended_at": now}
    if not type(row)._default_manager.filter(pk=row.pk, state=source).update(**values):
        raise Conflict("Somebody else dealt with this notice at this moment.")
    row.state = target
    if target == NoticeState.GIVEN_UP:
        record(
            stream="outbox", action="notice.given_up", actor=SYSTEM, facts={**_told(row), "why": error[:300]}
        )


def _told(row: Row) -> dict[str, object]:
    return {"notice": f"{type(row).__name__.lower()}:{row.pk}", "kind": row.kind, "occasion": row.key}
