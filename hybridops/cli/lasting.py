"""Database connections of processes that live long."""

from __future__ import annotations

from django.db import connections


def keep_connections() -> None:
    """From one job, round or request to the next; each begins by asking whether its connection is still good."""
    for alias in connections:
        connections[alias].settings_dict |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
