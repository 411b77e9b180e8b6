"""A consistent copy of one machine's installation, and its return. PostgreSQL has tools of its own.

What a copy does not know is what happened after it: a job may have been sent that it has no row of. So a
restored installation sends nothing until a person has compared it with the providers.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction

from hybridops.artifacts.models import Artifact
from hybridops.artifacts.services import fetch, path_of
from hybridops.audit.services import locked
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Refused
from hybridops.domain.states import SubmissionState
from hybridops.experiments.models import Submission
from hybridops.quotas.stops import stop_spending

MANIFEST, DATABASE = "backup.json", "database.sqlite3"
WHY = "Restored from a backup: compare the providers' jobs with the submissions here, then resume."


def backup(folder: Path) -> int:
    """Copies database, keys, checkpoints and artifacts into a new folder; how many entries the log has in it.

    Nobody writes while the first three are copied. The manifest comes last: without it a copy is none.
    """
    _check_sqlite()
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty. Name a new folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with transaction.atomic():
        size = locked().size
        _copy(Path(settings.HOME) / "keys", folder / "keys")
        _copy(Path(settings.CHECKPOINTS), folder / "checkpoints")
        _copy_database(Path(str(connection.settings_dict["NAME"])), folder / DATABASE)
    _copy_artifacts(folder / "artifacts")
    told = {"made_at": clock.now().isoformat(), "log": size, "files": _digests(folder)}
    part = folder / f"{MANIFEST}.part"
    part.write_text(json.dumps(told, indent=1))
    part.replace(folder / MANIFEST)
    return size


def restore(folder: Path) -> int:
    """Puts a copy into a data folder without a database; how many submissions are looked up first.

    The database comes last and with all QPU spending stopped, so that dying on the way leaves none. A
    checkpoint that lies in the data folder already stays: it tells whether the copy is older than the log.
    """
    _check_sqlite()
    target = Path(str(connection.settings_dict["NAME"]))
    if target.exists():
        raise Refused(f"There is a database in {target}. Restore into a data folder without one.")
    _check_whole(folder)
    _copy(folder / "keys", Path(settings.HOME) / "keys")
    _bring_artifacts(folder / "artifacts")
    if not (Path(settings.CHECKPOINTS) / "latest.txt").exists():
        _copy(folder / "checkpoints", Path(settings.CHECKPOINTS))
    part = target.with_name(f"{target.name}.restored")
    _copy_database(folder / DATABASE, part)
    doubtful = _hold_back(part)
    part.replace(target)
    return doubtful


def _hold_back(part: Path) -> int:
    """Stops spending in the copy; what it meant to send may have been sent since, so it is looked up first."""
    connection.close()
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], str(part)
    try:
        with transaction.atomic():
            stop_spending(why=WHY, actor=SYSTEM)
            unsent = Submission.objects.filter(state=SubmissionState.RESERVED, sent_at=None)
            doubtful = unsent.update(sent_at=clock.now())
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
    return doubtful


def _check_sqlite() -> None:
    if connection.vendor != "sqlite":
        raise Refused(
            "This copies SQLite. On PostgreSQL use pg_dump and copy the folders: docs/operations.md."
        )


def _copy_database(source: Path, target: Path) -> None:
    """SQLite's own copy: whole, whoever reads or waits meanwhile."""
    target.unlink(missing_ok=True)
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as there, sqlite3.connect(target) as here:
        there.backup(here)
    there.close()
    here.close()
    target.chmod(0o600)


def _copy_artifacts(target: Path) -> None:
    """From wherever they are kept; what is damaged there ends the copy and is named."""
    for digest in Artifact.objects.filter(removed_at=None).values_list("pk", flat=True).iterator():
        path = target / path_of(digest)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(fetch(digest))


def _bring_artifacts(source: Path) -> None:
    storage = storages["artifacts"]
    for path in sorted(one for one in source.rglob("*") if one.is_file()):
        name = str(path.relative_to(source))
        if not storage.exists(name):
            storage.save(name, ContentFile(path.read_bytes()))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        shutil.copy2(source, target)


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(MANIFEST)
    )
    return {str(path.relative_to(folder)): _digest(path) for path in files}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_whole(folder: Path) -> None:
    """Raises Refused unless the copy was finished and every file is as it was."""
    try:
        told = json.loads((folder / MANIFEST).read_text())
    except OSError as problem:
        raise Refused(f"{folder} is no finished backup: {MANIFEST} is missing.") from problem
    for name, digest in told["files"].items():
        path = folder / name
        if not path.is_file() or _digest(path) != digest:
            raise Refused(f"{name} in the backup is missing or was altered.")
