"""Entries of before get their accounts: what they did to each is known from their kind, in the order they were made."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def fill(apps: Any, schema_editor: Any) -> None:
    entries = apps.get_model("quotas", "LedgerEntry").objects
    limits: dict[int, int] = {}
    for row in entries.select_related("reservation").order_by("id").iterator(chunk_size=2_000):
        changes = _changes(row, limits)
        changes["source"] = -sum(changes.values()) if row.kind == "ALLOCATE" else 0
        entries.filter(pk=row.pk).update(**changes)


def _changes(row: Any, limits: dict[int, int]) -> dict[str, int]:
    if row.kind == "ALLOCATE":
        before = limits.get(row.budget_id, 0)
        limits[row.budget_id] = row.amount
        return {"available": row.amount - before}
    if row.kind == "RESERVE":
        return {"available": -row.amount, "pending": row.amount}
    if row.kind == "RELEASE":
        return {"available": row.amount, "pending": -row.amount}
    if row.kind == "SETTLE":
        promised = row.reservation.amount_micro
        return {"available": promised - row.amount, "pending": -promised, "posted": row.amount}
    return {"overrun": row.amount, "contingency": -row.amount}


class Migration(migrations.Migration):
    dependencies = [("quotas", "0004_double_entry")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
