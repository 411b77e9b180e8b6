"""The migrated database without a row of a test: made when the migrations changed, copied by everybody who needs one.

On SQLite it is a file. On PostgreSQL it is a database that others are made from; it stays there, `hybridops_migrated_` and
a digest, until the migrations change.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.core.management import call_command
from django.db import connection

from hybridops.bootstrap import ROOT

KEPT = ROOT / ".pytest_cache"
ON_SERVER = "hybridops_migrated_"
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
    path = KEPT / f"migrated-{_digest()}.sqlite3"
    with _alone():
        if not path.exists():
            for old in KEPT.glob("migrated-*"):
                old.unlink()
            _make(path)
    return path


def migrated_on(server: str) -> str:
    """The same as a database of this PostgreSQL server: its name, to be the TEMPLATE of others."""
    name = f"{ON_SERVER}{_digest()}"
    with _alone(), psycopg.connect(server, autocommit=True) as there:
        kept = [
            row[0]
            for row in there.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{ON_SERVER}%"]
            )
        ]
        if name not in kept:
            for old in kept:
                there.execute(f"DROP DATABASE IF EXISTS {old} WITH (FORCE)")
            there.execute(f"CREATE DATABASE {name}_half")
            _migrate_at(urlunsplit(urlsplit(server)._replace(path=f"/{name}_half", query="")))
            there.execute(f"ALTER DATABASE {name}_half RENAME TO {name}")
    return name


def _migrate_at(url: str) -> None:
    """In a process of its own: this one has its own database."""
    with tempfile.TemporaryDirectory(prefix="hybridops-migrated-") as home:
        env = os.environ | {
            "DATABASE_URL": url,
            "HYBRIDOPS_HOME": home,
            "DJANGO_SETTINGS_MODULE": "hybridops.config.settings",
        }
        for command in ("migrate", "createcachetable"):
            subprocess.run(
                [sys.executable, "-m", "django", command, "-v", "0"], cwd=ROOT, env=env, check=True
            )


@contextmanager
def _alone() -> Iterator[None]:
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up() -> None:
    """In a program that a test runs on a store of its own: puts the migrated database there, if it is not there yet."""
    if connection.vendor == "sqlite":
        name = connection.settings_dict["NAME"]
        connection.close()
        shutil.copy(migrated(), name)
    elif "django_migrations" not in connection.introspection.table_names():
        raise LookupError(
            "stores.store() makes a PostgreSQL database from the migrated one; this one is empty"
        )


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
