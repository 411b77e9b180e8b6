from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("backends", "0002_observations")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Cap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=40)),
                ("backend", models.CharField(blank=True, default="", max_length=60)),
                ("at_once", models.PositiveIntegerField(null=True)),
                ("per_minute", models.PositiveIntegerField(null=True)),
                ("version", models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.AddConstraint(
            model_name="cap",
            constraint=models.UniqueConstraint(fields=("provider", "backend"), name="one_cap_a_place"),
        ),
        migrations.AddConstraint(
            model_name="cap",
            constraint=models.CheckConstraint(
                condition=Q(per_minute__isnull=True) | Q(per_minute__gt=0), name="a_rate_lets_something_pass"
            ),
        ),
    ]
