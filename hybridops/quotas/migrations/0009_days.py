from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("quotas", "0008_restored")]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Day",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("budget", models.ForeignKey("quotas.Budget", on_delete=models.CASCADE, related_name="days")),
                ("day", models.DateField()),
                ("micro", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("budget", "day"), name="one_sum_a_budget_and_day")
                ]
            },
        ),
    ]
