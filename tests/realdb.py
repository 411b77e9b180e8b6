"""A real database file for tests that need real commits: copied from a template, thrown away afterwards.

Append-only tables refuse to be emptied, so the usual flush between transactional tests cannot be used;
copying a file is faster as well.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from hybridops.experiments.announce import silence
from tests.world import World, make_world


class RealDatabase:
    """`fresh` puts the connection on a new copy of the world as it was made."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.copies = folder, 0
        self.template, self.world = _template()
        self.path = self.fresh()

    def fresh(self) -> Path:
        self.copies += 1
        path = self.folder / f"copy-{self.copies % 3}.sqlite3"
        connection.close()
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
        shutil.copy(self.template, path)
        connection.settings_dict["NAME"] = str(path)
        return path


@cache
def _template() -> tuple[Path, World]:
    """Migrated and peopled once a session."""
    path = Path(os.environ["HYBRIDOPS_HOME"]) / f"template-{os.getpid()}.sqlite3"
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    call_command("migrate", verbosity=0)
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
