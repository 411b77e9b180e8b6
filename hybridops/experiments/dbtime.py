"""Lease time: the database's clock in seconds, so that no worker's clock decides who holds a lease."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import FloatField, Func


class DbNow(Func):
    """Seconds since 1970 by the database's own clock, at the moment of the statement."""

    output_field = FloatField()
    template = "(julianday('now') - 2440587.5) * 86400.0"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="extract(epoch from clock_timestamp())::float8", **extra
        )


def db_now() -> float:
    """The same clock as a number."""
    sql = (
        "SELECT extract(epoch from clock_timestamp())::float8"
        if connection.vendor == "postgresql"
        else f"SELECT {DbNow.template}"  # a constant of this file
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return float(cursor.fetchone()[0])
