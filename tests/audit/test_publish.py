"""Checkpoints leave the database; what was published finds a log that was rolled back or rewritten."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from hybridops.audit import queries, tiles
from hybridops.audit.models import AuditEvent, Checkpoint, Publication
from hybridops.audit.publish import checkpoint_folder, publish
from hybridops.audit.services import record, seal, sequence
from hybridops.audit.verify import verify
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Refused
from hybridops.trust import tiles as layout
from hybridops.trust.merkle import leaf_hash
from tests.realdb import RealDatabase
from tests.world import World


def tell(count: int = 1) -> None:
    with transaction.atomic():
        for n in range(count):
            record(stream="run:1", action="test.told", actor=SYSTEM, facts={"n": n})


def everything() -> None:
    while sequence():
        pass
    seal()


MAIL = {"mail": ("hybridops.audit.publish.to_mail", 3600)}


def test_the_newest_checkpoint_lies_in_a_file(real: RealDatabase) -> None:
    everything()
    newest = Checkpoint.objects.order_by("-size")[0]
    assert checkpoint_folder().joinpath("latest.txt").read_text() == newest.note
    assert Publication.objects.get(target="file").size == newest.size


def test_auditors_get_it_by_mail_and_not_too_often(
    real: RealDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "AUDIT_TARGETS", MAIL)
    monkeypatch.setattr(settings, "AUDIT_MAIL", ["auditor@example.org"])
    mail.outbox = []
    everything()
    tell()
    everything()
    assert [message.to for message in mail.outbox] == [["auditor@example.org"]]
    name, note, _ = mail.outbox[0].attachments[0]
    assert name.startswith("checkpoint-")
    assert note == Checkpoint.objects.order_by("size")[0].note
    Publication.objects.update(tried_at=datetime.now(UTC) - timedelta(hours=2))
    publish()
    assert len(mail.outbox) == 2


def broken(_: Checkpoint) -> None:
    raise ConnectionError("the mail server is away")


def test_a_failure_is_seen_and_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "AUDIT_TARGETS", {"mail": (f"{__name__}.broken", 3600)})
    everything()
    assert "the mail server is away" in Publication.objects.get().problem
    client = Client()
    client.force_login(world.aud)
    assert "the mail server is away" in client.get("/audit/").content.decode()
    monkeypatch.setattr(settings, "AUDIT_TARGETS", MAIL)
    monkeypatch.setattr(settings, "AUDIT_MAIL", ["auditor@example.org"])
    publish()
    assert Publication.objects.get().size == 0, "not at once"
    Publication.objects.update(tried_at=datetime.now(UTC) - timedelta(seconds=61))
    publish()
    found = Publication.objects.get()
    assert (found.problem, found.size) == ("", queries.state().sealed)


def test_an_older_database_is_not_signed_on(real: RealDatabase, tmp_path: Path) -> None:
    """T19: a backup is put back; its log is shorter than what was published."""
    if connection.vendor != "sqlite":
        pytest.skip("a file is put back")
    everything()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(real.path, tmp_path / "backup")
    tell(5)
    everything()
    connection.close()
    for old in real.path.parent.glob(f"{real.path.name}*"):
        old.unlink()
    shutil.copy(tmp_path / "backup", real.path)
    tell()
    for verb in (sequence, seal):
        with pytest.raises(Refused, match="an older database was restored"):
            verb()
    assert "an older database was restored" in queries.state().alarm
    found = verify().findings
    assert any("rolled back" in finding for finding in found), found


def test_a_log_rewritten_with_the_keys_is_told_by_a_kept_checkpoint(real: RealDatabase) -> None:
    """T3: everything signed anew, only what left the installation can tell."""
    from tests.audit.test_log import unguarded

    tell(3)
    everything()
    kept = Checkpoint.objects.order_by("-size")[0].note
    unguarded(
        real,
        *(
            f"DELETE FROM audit_{name}"
            for name in ("leaf", "tile", "checkpoint", "log", "auditevent", "stream")
        ),
    )
    (checkpoint_folder() / "latest.txt").unlink()
    count = int(kept.split("\n")[1])
    tell(count + 3)
    everything()
    honest = [finding for finding in verify().findings if "personal text" not in finding]
    assert honest == []
    assert any(
        "the kept checkpoint 1 has another root" in finding for finding in verify(kept=[kept]).findings
    )


def test_the_log_as_static_files(real: RealDatabase, tmp_path: Path) -> None:
    tell(700)
    everything()
    size = tiles.export(tmp_path / "out")
    assert (tmp_path / "out" / "checkpoint").read_text() == Checkpoint.objects.get(size=size).note
    read: Any = {}
    for level, count in layout.widths(size):
        for index in range(-(-count // 256)):
            width = min(256, count - index * 256)
            read[level, index] = (tmp_path / "out" / layout.path_of(level, index, width)).read_bytes()
    tree = layout.Tree(lambda level, index: read.get((level, index), b""))
    assert tree.root(size) == queries.state().root
    raw, bodies = (tmp_path / "out" / "tile" / "entries" / "001").read_bytes(), []
    while raw:
        length = int.from_bytes(raw[:2])
        bodies.append(raw[2 : 2 + length])
        raw = raw[2 + length :]
    assert b"".join(leaf_hash(body) for body in bodies) == read[0, 1]
    assert bodies[0].decode() == AuditEvent.objects.get(leaf__index=256).body
    tell(300)
    everything()
    call_command("tiles", str(tmp_path / "out"), verbosity=0)
    assert tiles.export(tmp_path / "out") == size + 300


def test_there_is_nothing_to_write_before_the_first_checkpoint(world: World, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No checkpoint"):
        call_command("tiles", str(tmp_path))
