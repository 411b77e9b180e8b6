"""The migrated database without a row of a test: made when the migrations changed, a file that everybody copies."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from functools import cache
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from hybridops.bootstrap import ROOT

KEPT = ROOT / ".pytest_cache"
# What decides how it comes out: the migrations, what they and the signal after them read, Django.
SOURCES = (
    "*/migrations/*.py",
    "audit/append_only.py",
    "teams/*.py",
    "experiments/outcome*.py",
    "*/models.py",
)


def migrated() -> Path:
    """The file; whichever process comes first makes it, the others wait. Leaves the connection closed."""
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"migrated-{_digest()}.sqlite3"
    with (KEPT / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            for old in KEPT.glob("migrated-*"):
                old.unlink()
            _make(path)
    return path


@cache
def _digest() -> str:
    told = hashlib.sha256((ROOT / "requirements" / "core.txt").read_bytes())
    for file in sorted({file for name in SOURCES for file in (ROOT / "hybridops").glob(name)}):
        told.update(file.read_bytes())
    return told.hexdigest()[:16]


def _make(path: Path) -> None:
    connection.close()
    before, half = connection.settings_dict["NAME"], path.with_suffix(".half")
    connection.settings_dict["NAME"] = str(half)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    connection.close()  # the last one out writes the journal back
    connection.settings_dict["NAME"] = before
    half.rename(path)


def use_migrated(folder: Path) -> None:
    """Puts the connection on this process's own copy."""
    copied = shutil.copy(migrated(), folder / "test.sqlite3")
    connection.close()
    connection.settings_dict["NAME"] = str(copied)
