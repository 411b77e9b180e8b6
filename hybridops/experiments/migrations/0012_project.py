from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0011_old_replaced"), ("teams", "0001_initial")]

    operations: ClassVar[list[Any]] = [
        migrations.AddField(
            "outcome",
            "project",
            models.ForeignKey(
                "teams.Project", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
            ),
        ),
    ]
