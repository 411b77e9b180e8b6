"""Keys end at an entry of the log: whoever finds an old one can sign, and is not believed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from hybridops.audit import keyring, rotation, tiles
from hybridops.audit.models import AuditEvent, Checkpoint, Log
from hybridops.audit.services import record, seal, sequence
from hybridops.audit.verify import verify
from hybridops.definitions.models import SignedDocument
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput
from hybridops.engine.signatures import signatures
from hybridops.trust import checkpoint, keys
from hybridops.trust.keyring import Ring
from tests.realdb import RealDatabase


@pytest.fixture
def log(real: RealDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A log with keys of its own, copied: they are changed here. Its keys folder."""
    from django.conf import settings

    before = keyring.folder()
    folder = tmp_path / "home" / "keys"
    folder.mkdir(parents=True, mode=0o700)
    for file in before.iterdir():
        if file.suffix in (".pem", ".json"):
            (folder / file.name).write_bytes(file.read_bytes())
            (folder / file.name).chmod(0o600)
    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    everything()
    return folder


def everything() -> Checkpoint | None:
    while sequence():
        pass
    return seal()


def tell(text: str = "x") -> None:
    with transaction.atomic():
        record(stream="run:1", action="test.told", actor=SYSTEM, facts={"text": text})


def signed_by(size: int) -> tuple[str, ...]:
    note = Checkpoint.objects.get(size=size).note
    ring = keyring.ring()
    return checkpoint.open_note(note, origin=ring.origin, trusted=ring.of("log")).signers


def test_a_new_log_key_signs_its_first_checkpoint_with_the_old_one(log: Path) -> None:
    before = Log.objects.get().size
    assert rotation.rotate(purpose="log", actor=SYSTEM, why="planned") == "log-2"
    after = Log.objects.get().size
    assert (after, signed_by(before), signed_by(after)) == (before + 1, ("log",), ("log", "log-2"))
    tell()
    made = everything()
    assert made is not None
    assert signed_by(made.size) == ("log-2",)
    old, new = keyring.ring().of("log")
    assert (old.not_after, new.not_before, new.not_after) == (after - 1, before - 1, None)
    assert not (log / "log.pem").exists()
    assert AuditEvent.objects.get(action="key.rotated").leaf.index == after - 1
    assert verify().verified, verify().findings
    assert rotation.rotate(purpose="log", actor=SYSTEM, why="again") == "log-3"
    assert verify().verified, verify().findings


def test_an_old_key_signs_nothing_any_more(log: Path) -> None:
    """T15: somebody kept the old private key and signs a checkpoint of today."""
    stolen = keyring.pair("log")
    rotation.rotate(purpose="log", actor=SYSTEM, why="it was stolen")
    tell()
    while sequence():
        pass
    size = Log.objects.get().size
    point = checkpoint.Checkpoint(keyring.ring().origin, size, tiles.tree().root(size))
    now = int(time.time())
    Checkpoint.objects.create(
        size=size, note=checkpoint.seal(point, [stolen], at=now), made_at=datetime.fromtimestamp(now, UTC)
    )
    assert any("a key that has ended" in finding for finding in verify().findings)


@pytest.mark.parametrize("purpose", ["definition", "decision", "webhook"])
def test_every_purpose_is_rotated(log: Path, purpose: str) -> None:
    assert rotation.rotate(purpose=purpose, actor=SYSTEM, why="planned") == f"{purpose}-2"
    assert keyring.pair(purpose).name == f"{purpose}-2"
    assert [pair.name for pair in keyring.trusted(purpose)] == [purpose, f"{purpose}-2"]
    assert verify().verified
    assert signatures() == []


def test_a_revoked_key_is_believed_up_to_an_entry(log: Path) -> None:
    document = SignedDocument.objects.order_by("id").first()
    assert document is not None
    rotation.revoke(name="definition", actor=SYSTEM, why="a laptop was lost")
    assert keyring.trusted("definition") == keyring.ring().own("definition")[1:]
    assert signatures() == [], "what it signed before stands"
    ring = keyring.ring()
    early = (replace(pair, not_after=3) if pair.name == "definition" else pair for pair in ring.pairs)
    keyring.write(Ring(ring.origin, tuple(early)))
    found = signatures()
    assert found
    assert all("No trusted key" in finding for finding in found)
    assert verify().verified
    for name in ("definition", "nobody"):
        with pytest.raises(BadInput, match="no key"):
            rotation.revoke(name=name, actor=SYSTEM, why="again")


def test_a_key_can_be_revoked_from_an_earlier_entry_on(log: Path) -> None:
    rotation.rotate(purpose="decision", actor=SYSTEM, why="planned")
    rotation.revoke(name="decision", actor=SYSTEM, why="it leaked earlier", first=4)
    old = keyring.ring().of("decision")[0]
    assert (old.not_after, old.revoked) == (3, True)
    told = json.loads(AuditEvent.objects.get(action="key.revoked").body)
    assert told["facts"]["not_after_index"] == 3


def test_what_is_signed_and_not_logged_is_found(log: Path) -> None:
    row = SignedDocument.objects.order_by("id").first()
    assert row is not None
    body = json.loads(row.envelope)
    twin = {**body, "signatures": [*body["signatures"], body["signatures"][0]]}
    SignedDocument.objects.filter(pk=row.pk).update(envelope=json.dumps(twin))
    assert any("does not stand in the log" in finding for finding in signatures())


def test_the_command_lists_rotates_revokes_and_exports(log: Path, tmp_path: Path) -> None:
    def told(*words: str) -> str:
        out = StringIO()
        call_command("keys", *words, stdout=out)
        return out.getvalue()

    assert "decision: from entry 0 to now" in told("list")
    assert told("list").count("vkey") == 2
    assert "decision-2 signs from now on" in told("rotate", "decision")
    assert "is revoked" in told("revoke", "decision", "--why", "lost")
    assert "revoked" in told("list")
    told("export", str(tmp_path / "keys.txt"))
    assert (tmp_path / "keys.txt").read_bytes() == keyring.ring().write()
    with pytest.raises(CommandError, match="no key"):
        told("revoke", "decision", "--why", "twice")


def test_keys_and_their_trust_file_belong_together(log: Path) -> None:
    (log / "decision.pem").unlink()
    keys.save(keys.make("decision"), log)
    keyring.write(keyring.ring())
    with pytest.raises(BadInput, match="not the key that the trust file names"):
        keyring.pair("decision")
    (log / "keyring.json").unlink()
    with pytest.raises(BadInput, match="earlier version"):
        keyring.ring()
    for file in log.glob("*.pem"):
        file.unlink()
    with pytest.raises(BadInput, match="missing"):
        keyring.ring()
