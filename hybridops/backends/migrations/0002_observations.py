from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("backends", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Observation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=60)),
                ("seen_at", models.DateTimeField()),
                ("wait_seconds", models.FloatField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["provider", "name", "seen_at"], name="backends_observation_seen")
                ],
            },
        ),
    ]
