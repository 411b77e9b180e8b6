from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


def fill(apps: Any, schema_editor: Any) -> None:
    """Accepted runs from before, in the order they ended: each replaces what it is better than."""
    rows = apps.get_model("experiments", "Outcome").objects
    accepted = rows.filter(outcome="accepted", best__isnull=False).order_by("ended_at", "pk")
    standing: dict[tuple[int, str], dict[int, float]] = {}
    for pk, snapshot, workflow, best, ended in accepted.values_list(
        "pk", "snapshot_id", "workflow", "best", "ended_at"
    ):
        kept = standing.setdefault((snapshot, workflow), {})
        worse = [one for one, value in kept.items() if value > best]
        rows.filter(pk__in=worse).update(replaced_at=ended)
        for one in worse:
            del kept[one]
        kept[pk] = best


class Migration(migrations.Migration):
    """Apart from the one before: PostgreSQL alters no table whose rows were changed in the same transaction."""

    dependencies: ClassVar = [("experiments", "0010_replaced")]

    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
