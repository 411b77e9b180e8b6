"""Lease time: the database's clock in seconds, so that no worker's clock decides who holds a lease."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import FloatField, Func

POSTGRES = "extract(epoch from clock_timestamp())::float8"


class DbNow(Func):
    """Seconds since 1970 by the database's own clock, at the moment of the statement."""

    output_field = FloatField()
    template = "(julianday('now') - 2440587.5) * 86400.0"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=POSTGRES, **extra)


def now_sql() -> str:
    """The same clock as a piece of SQL for this database."""
    return POSTGRES if connection.vendor == "postgresql" else DbNow.template


def db_now() -> float:
    """The same clock as a number."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql()}")  # a constant of this file
        return float(cursor.fetchone()[0])
