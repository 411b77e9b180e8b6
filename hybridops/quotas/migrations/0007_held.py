from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("quotas", "0006_guards")]

    operations: ClassVar[list[Any]] = [
        migrations.AddIndex(
            "reservation",
            models.Index(fields=["run_id"], condition=models.Q(state="held"), name="held_reservations"),
        ),
    ]
