from __future__ import annotations

from typing import Any, ClassVar

from django.core.management import CommandError
from django.db import migrations


def refuse_old_logs(apps: Any, schema_editor: Any) -> None:
    """What was signed before has names and reasons in clear, and this version reads no such statement."""
    if apps.get_model("audit", "AuditEvent").objects.exists():
        raise CommandError(
            "This database was made by an earlier version, whose decisions this one does not read. "
            "Make a new data folder and a new database."
        )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audit", "0003_tiles_and_texts")]

    operations: ClassVar = [migrations.RunPython(refuse_old_logs, migrations.RunPython.noop)]
