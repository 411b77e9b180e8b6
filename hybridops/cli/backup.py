"""A consistent copy of an installation, and its return: database, keys, checkpoints and artifacts together.

What a copy does not know is what happened after it: a job may have been sent that it has no row of. So a
restored installation sends nothing until the providers were asked and a person has looked.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.migrations.loader import MigrationLoader

from hybridops.artifacts.models import Artifact
from hybridops.artifacts.services import fetch, path_of
from hybridops.audit.services import locked
from hybridops.cli import backup_database as database
from hybridops.domain import clock
from hybridops.domain.errors import Refused

MANIFEST = "backup.json"


def backup(folder: Path) -> int:
    """Copies database, keys, checkpoints and artifacts into a new folder; how many entries the log has in it.

    The log does not grow while the first three are copied, and on SQLite nobody writes at all. The manifest comes
    last: without it a copy is none.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty. Name a new folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with transaction.atomic():
        size, made_at = locked().size, clock.now()
        _copy(Path(settings.HOME) / "keys", folder / "keys")
        _copy(Path(settings.CHECKPOINTS), folder / "checkpoints")
        database.dump(folder / database.file_name())
    _copy_artifacts(folder / "artifacts")
    told = {
        "made_at": made_at.isoformat(),
        "log": size,
        "migrations": _migrations(),
        "files": _digests(folder),
    }
    part = folder / f"{MANIFEST}.part"
    part.write_text(json.dumps(told, indent=1))
    part.replace(folder / MANIFEST)
    return size


def restore(folder: Path) -> int:
    """Puts a copy into a place without a database; how many submissions are looked up first.

    Everything is checked before anything is written. The database comes last and with all QPU spending stopped, so
    that dying on the way leaves none. A checkpoint that lies in the data folder already stays: it tells whether the
    copy is older than the log.
    """
    database.check_empty()
    told = _checked(folder)
    keys = Path(settings.HOME) / "keys"
    _check_no_other_keys(folder / "keys", keys)
    _copy(folder / "keys", keys)
    _bring_artifacts(folder / "artifacts")
    if not (Path(settings.CHECKPOINTS) / "latest.txt").exists():
        _copy(folder / "checkpoints", Path(settings.CHECKPOINTS))
    return database.load(folder / database.file_name(), backup_at=datetime.fromisoformat(told["made_at"]))


def _migrations() -> list[str]:
    return sorted(".".join(key) for key in MigrationLoader(None).disk_migrations)


def _checked(folder: Path) -> dict[str, Any]:
    """The manifest; raises Refused unless the copy was finished, of this version, and every file is as it was."""
    try:
        told: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except OSError as problem:
        raise Refused(f"{folder} is no finished backup: {MANIFEST} is missing.") from problem
    if told["migrations"] != _migrations():
        raise Refused("This backup is of another version: restore it with that version, then upgrade.")
    found = _digests(folder)
    for name, digest in told["files"].items():
        if found.pop(name, "") != digest:
            raise Refused(f"{name} in the backup is missing or was altered.")
    more = sorted(name for name in found if "/" in name)  # of the folders, which are brought along as a whole
    if more:
        raise Refused(f"{more[0]} was put into the backup later.")
    return told


def _check_no_other_keys(source: Path, target: Path) -> None:
    """Private keys are never written over by others."""
    ring = target / "keyring.json"
    if ring.exists() and ring.read_bytes() != (source / "keyring.json").read_bytes():
        raise Refused(f"There are other keys in {target}. Restore into a data folder without any.")


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
