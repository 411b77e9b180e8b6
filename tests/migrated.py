"""The migrated database without a row of a test: made once a session, a file that every process copies."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from django.core.management import call_command
from django.db import connection


def migrated() -> Path:
    """The file; whichever process comes first makes it, the others wait. Leaves the connection closed."""
    path = Path(os.environ["HYBRIDOPS_TEST_HOME"], "migrated.sqlite3")
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _make(path)
    return path


def _make(path: Path) -> None:
    connection.close()
    before, half = connection.settings_dict["NAME"], path.with_suffix(".half")
    connection.settings_dict["NAME"] = str(half)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    connection.close()  # the last one out writes the journal back
    connection.settings_dict["NAME"] = before
    half.rename(path)


def use_migrated() -> None:
    """Puts the connection on this process's own copy."""
    copied = shutil.copy(migrated(), Path(os.environ["HYBRIDOPS_HOME"], "test.sqlite3"))
    connection.close()
    connection.settings_dict["NAME"] = str(copied)
