"""The trail: `record` writes an event in the caller's transaction, `sequence` gives events their place
in the Merkle log, `seal` signs a checkpoint and keeps a copy outside the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from hybridops.audit.keyring import pair
from hybridops.audit.models import AuditEvent, Checkpoint, Leaf, Log
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.trust import checkpoint as notes
from hybridops.trust.canonical import canonical
from hybridops.trust.merkle import Frontier, leaf_hash

SEQUENCE_MAX = 1000
ORIGIN = "hybridops.local/log"
_INSERT = (
    "INSERT INTO audit_auditevent (stream, seq, at, action, actor, body, leaf_hash) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
_NEXT = (
    "INSERT INTO audit_stream (name, head) VALUES (%s, 1) "
    "ON CONFLICT (name) DO UPDATE SET head = audit_stream.head + 1 RETURNING head"
)


def record(*, stream: str, action: str, actor: Actor, facts: Mapping[str, Any]) -> None:
    """Writes one event in the caller's transaction: it is there exactly when what it tells is."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of what it tells")
    moment = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [stream])
        (seq,) = cursor.fetchone()
    body = canonical(
        {
            "v": 1,
            "stream": stream,
            "seq": seq,
            "at": moment.isoformat(),
            "action": action,
            "actor": actor.document(),
            "facts": dict(facts),
        }
    )
    name = f"{actor.kind}:{actor.id} {actor.name}"[:120]
    with connection.cursor() as cursor:  # the ORM's own way costs more than all else an event does
        values = [stream, seq, _stored(moment), action, name, body.decode(), _bytes(leaf_hash(body))]
        cursor.execute(_INSERT, values)


def _stored(moment: datetime) -> object:
    return connection.ops.adapt_datetimefield_value(moment)


def _bytes(data: bytes) -> object:
    return connection.Database.Binary(data)  # type: ignore[attr-defined]  # DB-API, whichever driver


@transaction.atomic
def sequence(*, limit: int = SEQUENCE_MAX) -> int:
    """Gives up to `limit` events their leaf index; returns how many. One writer at a time by the log's row."""
    log = Log.objects.select_for_update().get_or_create(pk=1)[0]
    waiting = list(AuditEvent.objects.filter(leaf=None).order_by("id").only("id", "leaf_hash")[:limit])
    if not waiting:
        return 0
    edge = Frontier(log.size, _cut(bytes(log.frontier)))
    leaves = []
    for event in waiting:
        leaves.append(Leaf(index=edge.size, event=event, leaf_hash=bytes(event.leaf_hash)))
        edge.append(bytes(event.leaf_hash))
    Leaf.objects.bulk_create(leaves)
    log.size, log.frontier = edge.size, b"".join(edge.hashes)
    log.save()
    return len(leaves)


def _cut(frontier: bytes) -> list[bytes]:
    return [frontier[i : i + 32] for i in range(0, len(frontier), 32)]


def seal() -> Checkpoint | None:
    """Signs the root over all sequenced events and keeps a copy in a file; None where nothing is new."""
    with transaction.atomic():
        log = Log.objects.select_for_update().filter(pk=1).first()
        if log is None or log.size == 0 or Checkpoint.objects.filter(size=log.size).exists():
            return None
        root = Frontier(log.size, _cut(bytes(log.frontier))).root()
        note = notes.seal(notes.Checkpoint(ORIGIN, log.size, root), pair("log"))
        made = Checkpoint.objects.create(size=log.size, note=note)
    _keep(made)
    return made


def checkpoint_folder() -> Path:
    return Path(settings.HOME) / "checkpoints"


def _keep(made: Checkpoint) -> None:
    """The newest checkpoint outside the database: without it a cut-off log would look like a short one."""
    folder = checkpoint_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / ".latest.new"
    fresh.write_text(made.note)
    fresh.replace(folder / "latest.txt")


@transaction.atomic
def note_read(*, actor: Actor, what: str, facts: Mapping[str, Any] | None = None) -> None:
    """Who reads the trail is in the trail."""
    record(stream="audit", action="audit.read", actor=actor, facts={"what": what, **(facts or {})})
