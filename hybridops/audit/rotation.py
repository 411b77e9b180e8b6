"""New keys, and keys that no longer count. Both are events, and both say from which entry of the log on."""

from __future__ import annotations

from hashlib import sha256
from time import monotonic, sleep

from django.db import connection, transaction

from hybridops.audit import keyring
from hybridops.audit.models import Log
from hybridops.audit.services import SEQUENCE_MAX, locked, place, record, sign
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict
from hybridops.trust.keys import PURPOSES, PublicPair

OLDER_SECONDS = 30.0


def rotate(*, purpose: str, actor: Actor, why: str) -> str:
    """Makes the next key of a purpose and ends the one before; returns the new one's name.

    The log's next checkpoint is signed by both. The old private key is deleted: nothing needs it any more.
    """
    if purpose not in PURPOSES:
        raise BadInput(f"There is no purpose {purpose}. Choose one of {', '.join(PURPOSES)}.")
    old = keyring.ring().current(purpose)
    if (
        purpose != "log"
    ):  # who signed with the old key a moment ago gets his entry into the log before its end
        _begin(purpose)
        _wait_for_older()
    with transaction.atomic():
        log = locked()
        signers = [keyring.pair("log")]
        if purpose == "log":
            _begin(purpose)
            signers.append(keyring.pair("log"))
        new = keyring.ring().current(purpose)
        assert new is not None
        _tell(log, "key.rotated", actor, why, new, {"instead_of": old.name if old else ""})
        if old is not None:
            keyring.close(old.name, last=log.size - 1)
        sign(log, signers)
    if old is not None:
        (keyring.folder() / f"{old.name}.pem").unlink(missing_ok=True)
    return new.name


def revoke(*, name: str, actor: Actor, why: str, first: int | None = None) -> None:
    """A key is believed for no entry from `first` on (from now on, where it is not given).

    A key that signs now is rotated first. What a revoked key signed earlier stays believed for its entries.
    """
    known = next((pair for pair in keyring.ring().pairs if pair.name == name), None)
    if known is None or known.revoked:
        raise BadInput(f"There is no key {name} that could be revoked.")
    if known.not_after is None:
        rotate(purpose=known.purpose, actor=actor, why=why)
    with transaction.atomic():
        log, known = locked(), next(pair for pair in keyring.ring().pairs if pair.name == name)
        last = (
            known.not_after if first is None or known.not_after is None else min(first - 1, known.not_after)
        )
        assert last is not None
        _tell(log, "key.revoked", actor, why, known, {"not_after_index": last})
        keyring.close(name, last=last, revoked=True)
        sign(log, [keyring.pair("log")])


def _begin(purpose: str) -> None:
    """The new key signs from now on, and is believed from the newest entry on: a checkpoint covers that one."""
    log = Log.objects.filter(pk=1).first()
    keyring.add(keyring.ring(), purpose, index=max(0, (log.size if log else 0) - 1))


def _tell(log: Log, action: str, actor: Actor, why: str, key: PublicPair, facts: dict[str, object]) -> None:
    """Writes the event and gives it its place, after everything that waits for one."""
    fingerprints = [sha256(half.public_bytes_raw()).hexdigest() for half in key.keys]
    told = {"key": key.name, "sha256": fingerprints, **facts}
    record(stream=f"key:{key.purpose}", action=action, actor=actor, facts=told, personal={"why": why})
    while place(log, SEQUENCE_MAX) == SEQUENCE_MAX:
        pass


def _wait_for_older() -> None:
    """Until every transaction that began before has ended. SQLite has one writer, and the lock waits for it."""
    if connection.vendor != "postgresql":
        return
    until = monotonic() + OLDER_SECONDS
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::numeric")
        (barrier,) = cursor.fetchone()
        while monotonic() < until:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::numeric")
            if cursor.fetchone()[0] >= barrier:
                return
            sleep(0.05)
    raise Conflict("Somebody's transaction has been open for half a minute. End it and rotate again.")
