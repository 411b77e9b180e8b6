"""A real database for tests that need real commits: copied from a template, thrown away afterwards.

Append-only tables refuse to be emptied, so the usual flush between transactional tests cannot be used;
copying is faster as well. On SQLite a copy is a file, on PostgreSQL a database made from another.
"""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from hybridops.experiments.announce import silence
from hybridops.teams.models import User
from tests.migrated import migrated, migrated_on
from tests.world import World, make_world


class RealDatabase:
    """`fresh` puts the connection on a new copy of the world as it was made."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.copies = folder, 0
        self.template, self._made = _template()
        self.path = self.fresh()
        self.world = self._as_made()

    def _as_made(self) -> World:
        """The people as they stand in the copy: a test before may have renamed or put out those in memory."""
        people = {name: User.objects.get(pk=user.pk) for name, user in self._made.people.items()}
        return replace(self._made, people=people)

    def fresh(self) -> Path:
        self.copies += 1
        ContentType.objects.clear_cache()  # its numbers are another database's
        if connection.vendor == "postgresql":
            return Path(_use(self.template.name.replace("template", "copy"), like=self.template.name))
        path = self.folder / f"copy-{self.copies % 3}.sqlite3"
        connection.close()
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        shutil.copy(self.template, path)
        connection.settings_dict["NAME"] = str(path)
        return path


def _use(name: str, *, like: str) -> str:
    """Puts the connection on a new PostgreSQL database of this name, whatever was there before."""
    connection.close()
    _server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {like}")
    connection.settings_dict["NAME"] = name
    return name


def _server(*statements: str) -> None:
    with psycopg.connect(os.environ["HYBRIDOPS_TEST_STORE_URL"], autocommit=True) as server:
        for statement in statements:
            server.execute(statement)


@cache
def _template() -> tuple[Path, World]:
    """Migrated and peopled once a session."""
    if connection.vendor == "postgresql":
        kept = migrated_on(os.environ["HYBRIDOPS_TEST_STORE_URL"])
        path = Path(_use(f"hybridops_template_{os.getpid()}", like=kept))
        atexit.register(_server, *(f"DROP DATABASE IF EXISTS {n} WITH (FORCE)" for n in (path.name, path.name.replace("template", "copy"))))  # fmt: skip
    else:
        path = Path(os.environ["HYBRIDOPS_HOME"]) / f"template-{os.getpid()}.sqlite3"
        connection.close()
        connection.settings_dict["NAME"] = str(shutil.copy(migrated(), path))
    ContentType.objects.clear_cache()
    world = make_world()
    connection.close()
    return path, world


@contextmanager
def real_database(folder: Path, blocker: object) -> Iterator[RealDatabase]:
    """Takes the default connection to files of this folder and gives it back afterwards."""
    connection.close()
    before = connection.settings_dict["NAME"]
    with blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's
        try:
            with silence():
                yield RealDatabase(folder)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            ContentType.objects.clear_cache()
