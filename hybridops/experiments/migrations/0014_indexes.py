from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models

_MONEY = ["team", "made_at", "project", "backend", "workflow", "outcome", "cost_micro", "qpu_micro"]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0013_old_projects")]

    operations: ClassVar[list[Any]] = [
        migrations.RemoveIndex("outcome", "outcomes_by_day"),
        migrations.AddIndex("outcome", models.Index(fields=_MONEY, name="outcomes_by_money")),
        migrations.AddIndex(
            "outcome", models.Index(fields=["team", "outcome", "workflow"], name="outcomes_by_end")
        ),
        migrations.AddIndex(
            "outcome", models.Index(fields=["definition", "team", "-run"], name="outcomes_newest")
        ),
    ]
