"""Django's SQLite backend, waiting for the write lock in steps of a millisecond.

SQLite lets whoever finds the database locked sleep ever longer, up to a tenth of a second at a time, so several
writing processes leave the processors idle. Here a transaction asks again every millisecond instead, for as long
as the connection's `timeout` says; then SQLite's own error is raised. Nothing else changes.
"""

from __future__ import annotations

import sqlite3
from time import monotonic, sleep

from django.db.backends.sqlite3 import base

AGAIN_SECONDS = 0.001


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self) -> None:
        seconds = self.settings_dict["OPTIONS"].get("timeout", 5)
        end = monotonic() + seconds
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._began(monotonic() < end):
                sleep(AGAIN_SECONDS)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def _began(self, may_fail: bool) -> bool:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            if may_fail:
                return False
            raise
        return True
