"""What mails and deliveries have in common: taken under a lease, sent outside any transaction, then ended.

A sender that dies in between leaves the row to be sent again under the same id: never lost, duplicates marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from hybridops.audit.services import record
from hybridops.domain.actors import SYSTEM, Actor
from hybridops.domain.errors import Conflict
from hybridops.domain.states import NOTICE_MOVES, NoticeState, check_move
from hybridops.outbox.models import Delivery, Message

LEASE = timedelta(minutes=2)
AGAIN = (timedelta(seconds=20), timedelta(hours=1))  # first and longest wait
ATTEMPTS_MAX = 8


def take[N: (Message, Delivery)](kind: type[N], now: datetime, limit: int) -> list[N]:
    """Due rows that nobody else sends, now leased to the caller."""
    rows = kind._default_manager.filter(state=NoticeState.QUEUED, next_at__lte=now).order_by("next_at", "id")
    return [row for row in rows[:limit] if _lease(kind, row, now)]


def _lease[N: (Message, Delivery)](kind: type[N], row: N, now: datetime) -> bool:
    seen = kind._default_manager.filter(pk=row.pk, state=NoticeState.QUEUED, attempts=row.attempts)
    row.attempts += 1
    return bool(seen.update(next_at=now + LEASE, attempts=F("attempts") + 1))


def end(rows: Sequence[Message | Delivery], target: NoticeState, now: datetime) -> None:
    """Sent or dropped: the rows are done with."""
    for row in rows:
        _move(row, target, now)


def fail(rows: Sequence[Message | Delivery], error: str, now: datetime) -> None:
    """Another attempt later, or given up where there were enough; then an operator sees it."""
    for row in rows:
        if row.attempts >= ATTEMPTS_MAX:
            _move(row, NoticeState.GIVEN_UP, now, error)
            continue
        wait = min(AGAIN[1], AGAIN[0] * 2 ** (row.attempts - 1))
        type(row)._default_manager.filter(pk=row.pk).update(next_at=now + wait, error=error[:300])


@transaction.atomic(savepoint=False)
def try_again(*, row: Message | Delivery, actor: Actor, now: datetime) -> None:
    """A person asks for another round of attempts; raises Conflict where it is not given up."""
    _move(row, NoticeState.QUEUED, now)
    record(stream="outbox", action="notice.retried", actor=actor, facts=_told(row))


@transaction.atomic
def _move(row: Message | Delivery, target: NoticeState, now: datetime, error: str = "") -> None:
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


def _told(row: Message | Delivery) -> dict[str, object]:
    return {"notice": f"{type(row).__name__.lower()}:{row.pk}", "kind": row.kind, "occasion": row.key}
