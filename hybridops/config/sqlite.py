"""Which SQLite library runs: the system's where it is new enough, else the one in the pysqlite3 wheel."""

from __future__ import annotations

import functools
import sqlite3
import sys
from typing import Any

# Versions from 3.7.0 to 3.51.2 can corrupt a database when a WAL is reset while another process reads.
SAFE = (3, 51, 3)
# SQLite's numbers for the two limits Django asks for; pysqlite3 has neither the names nor `getlimit`.
LIMITS = {
    "SQLITE_LIMIT_COLUMN": (2, "MAX_COLUMN"),
    "SQLITE_LIMIT_VARIABLE_NUMBER": (9, "MAX_VARIABLE_NUMBER"),
}


def choose() -> None:
    """Put pysqlite3 in sqlite3's place where that is safer. Call before anything loads Django's backend."""
    if sqlite3.sqlite_version_info >= SAFE or "django.db.backends.sqlite3.base" in sys.modules:
        return
    try:
        import pysqlite3
        from pysqlite3 import dbapi2
    except ImportError:
        return
    if dbapi2.sqlite_version_info > sqlite3.sqlite_version_info:
        _complete(pysqlite3, dbapi2)
        sys.modules["sqlite3"] = pysqlite3
        sys.modules["sqlite3.dbapi2"] = dbapi2


def _complete(*modules: Any) -> None:
    """Add what Django 6.1 expects of Python's own module: two limits, as the library was compiled."""
    connect = modules[0].connect
    with_options = connect(":memory:")
    compiled = dict(row[0].partition("=")[::2] for row in with_options.execute("PRAGMA compile_options"))
    with_options.close()
    values = {number: int(compiled[name]) for number, name in LIMITS.values()}

    class Connection(modules[0].Connection):  # type: ignore[misc]
        def getlimit(self, category: int, /) -> int:
            return values[category]

    for module in modules:
        module.connect = functools.partial(connect, factory=Connection)
        for name, (number, _) in LIMITS.items():
            setattr(module, name, number)
