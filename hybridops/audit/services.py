"""The trail: `record` writes an event in the caller's transaction, `sequence` gives events their place
in the Merkle log, `seal` signs a checkpoint over them, `erase` takes personal texts away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from time import time
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from hybridops.audit import names, tiles
from hybridops.audit.keyring import pair, ring
from hybridops.audit.models import AuditEvent, Checkpoint, Leaf, Log, Payload
from hybridops.audit.publish import check_not_rolled_back, publish
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.trust import checkpoint as notes
from hybridops.trust.canonical import canonical
from hybridops.trust.keys import KeyPair
from hybridops.trust.merkle import leaf_hash
from hybridops.trust.personal import Text, all_salted, digests

SEQUENCE_MAX = 1000
LATE_IDS = 10_000  # an event may be committed after others with higher numbers, but not after so many
_INSERT = (
    "INSERT INTO audit_auditevent (stream, seq, at, action, actor, body, leaf_hash) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
_NEXT = (
    "INSERT INTO audit_stream (name, head) VALUES (%s, 1) "
    "ON CONFLICT (name) DO UPDATE SET head = audit_stream.head + 1 RETURNING head"
)


def record(
    *,
    stream: str,
    action: str,
    actor: Actor,
    facts: Mapping[str, Any],
    personal: Mapping[str, str] | None = None,
    texts: Sequence[Text] = (),
) -> None:
    """Writes one event in the caller's transaction: it is there exactly when what it tells is.

    `personal` is what people wrote (a reason, a name): it can be erased later, `facts` never. `texts` is the
    same, salted already: a signature names it by the same digest.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of what it tells")
    moment, about = clock.now(), actor.key
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [stream])
        (seq,) = cursor.fetchone()
    told = {
        "v": 2,
        "stream": stream,
        "seq": seq,
        "at": moment.isoformat(),
        "action": action,
        "actor": names.told(actor),
        "facts": dict(facts),
    }
    if said := (*texts, *all_salted(about, personal or {})):
        names.keep(said)
        told["personal"] = digests(said)
    body = canonical(told)
    with connection.cursor() as cursor:  # the ORM's own way costs more than all else an event does
        values = [stream, seq, _stored(moment), action, about, body.decode(), _bytes(leaf_hash(body))]
        cursor.execute(_INSERT, values)


def _stored(moment: datetime) -> object:
    return connection.ops.adapt_datetimefield_value(moment)


def _bytes(data: bytes) -> object:
    return connection.Database.Binary(data)  # type: ignore[attr-defined]  # DB-API, whichever driver


def locked() -> Log:
    """The log's row, held until the transaction ends: one at a time gives places, signs or changes keys."""
    return Log.objects.select_for_update().get_or_create(pk=1)[0]


@transaction.atomic
def sequence(*, limit: int = SEQUENCE_MAX) -> int:
    """Gives up to `limit` events their leaf index; returns how many. One writer at a time by the log's row.

    Raises Refused where the database is older than what was published: going on would fork the log.
    """
    return place(locked(), limit)


def place(log: Log, limit: int) -> int:
    """What `sequence` does, for who holds the log's row."""
    check_not_rolled_back(log.size)
    rows = list(waiting(log).values_list("id", "leaf_hash")[:limit])
    if rows:
        hashes = [bytes(found) for _, found in rows]
        Leaf.objects.bulk_create(
            Leaf(index=log.size + n, event_id=pk, leaf_hash=hashes[n]) for n, (pk, _) in enumerate(rows)
        )
        tiles.append(log.size, hashes)
        log.size += len(rows)
        log.save()
    return len(rows)


def waiting(log: Log) -> QuerySet[AuditEvent]:
    """Events without a place, oldest first.

    On PostgreSQL an event may appear below those that have one, so a stretch before the newest is looked
    at again, and once in a while everything.
    """
    rows = AuditEvent.objects.order_by("id")
    if connection.vendor == "postgresql" and log.size // LATE_IDS % 16 == 0:
        return rows.filter(leaf=None)
    since = (Leaf.objects.aggregate(newest=Max("event_id"))["newest"] or 0) - LATE_IDS
    # Said of the places as well: else PostgreSQL reads the places of all events there ever were.
    placed = Leaf.objects.filter(event=OuterRef("pk"), event_id__gt=since)
    return rows.filter(~Exists(placed), id__gt=since)


def seal() -> Checkpoint | None:
    """Signs the root over all sequenced events and publishes it; None where nothing is new."""
    with transaction.atomic():
        log = locked()
        check_not_rolled_back(log.size)
        made = None if _is_sealed(log) else sign(log, [pair("log")])
    publish()
    return made


def _is_sealed(log: Log) -> bool:
    return log.size == 0 or Checkpoint.objects.filter(size=log.size).exists()


def sign(log: Log, pairs: list[KeyPair]) -> Checkpoint:
    """A checkpoint over everything that has its place, for who holds the log's row."""
    moment = int(time())
    point = notes.Checkpoint(ring().origin, log.size, tiles.tree().root(log.size))
    note = notes.seal(point, pairs, at=moment)
    return Checkpoint.objects.create(size=log.size, note=note, made_at=datetime.fromtimestamp(moment, UTC))


@transaction.atomic
def erase(*, actor: Actor, why: str, about: str = "", called: Collection[str] = (), digest: str = "") -> int:
    """Takes away the personal texts of one person (`person:12`), or one text; returns how many.

    `called`: names under which others wrote of them; texts that are nothing else go as well.

    Every proof still holds: the log has their salted digests only. That it was done is an event.
    """
    rows = Payload.objects.filter(erased_at=None)
    if about:
        named = rows.filter(about=about, field="name").values("text")
        theirs = rows.filter(about=about) | rows.filter(about=names.OWNER, text__in=named)
        told = rows.filter(field="username", text__in=called)
        told |= rows.filter(about=names.OWNER, text__in=called)
        for name in called:
            told |= rows.filter(field="sought", text__icontains=f"person {name}")
        rows = theirs | told
    else:
        rows = rows.filter(digest=digest)
    found = sorted(rows.values_list("digest", flat=True))
    if found:
        moment = clock.now()
        Payload.objects.filter(digest__in=found).update(
            text="", salt="", about="", field="", erased_at=moment
        )
        names.forget()
        facts = {"digests": found, "erased_at": moment.isoformat()}
        record(stream="audit", action="audit.erased", actor=actor, facts=facts, personal={"why": why})
    return len(found)


@transaction.atomic
def note_read(*, actor: Actor, what: str, facts: Mapping[str, Any] | None = None, sought: str = "") -> None:
    """Who reads the trail is in the trail; what was looked for may be a name."""
    told = {"what": what, **(facts or {})}
    record(stream="audit", action="audit.read", actor=actor, facts=told, personal={"sought": sought})
