from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0009_old_outcomes"), ("teams", "0001_initial")]

    operations: ClassVar[list[Any]] = [
        migrations.AddField("outcome", "replaced_at", models.DateTimeField(null=True)),
        migrations.AddIndex("outcome", models.Index(fields=["team", "made_at"], name="outcomes_by_day")),
        migrations.AddIndex("run", models.Index(fields=["-ended_at"], name="runs_by_end")),
        migrations.AddIndex(
            "run", models.Index(fields=["id"], condition=models.Q(ended_at=None), name="open_runs")
        ),
    ]
