"""What SQLite's planner knows of the tables. PostgreSQL sees to it by itself."""

from __future__ import annotations

from django.db import connection

ROWS_MAX = 1_000  # of an index that are looked at: enough to choose by, and some milliseconds at any size


def look_at_tables() -> None:
    """Without it a large file is searched by whichever index comes first."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA analysis_limit={ROWS_MAX}")
            cursor.execute("ANALYZE")
