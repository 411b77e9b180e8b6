from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


def _id() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("backends", "0003_caps")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Breaker",
            fields=[
                ("id", _id()),
                ("provider", models.CharField(max_length=40)),
                ("backend", models.CharField(blank=True, default="", max_length=60)),
                ("state", models.CharField(default="closed", max_length=10)),
                ("since", models.FloatField(default=0)),
                ("until", models.FloatField(null=True)),
                ("openings", models.PositiveIntegerField(default=0)),
                ("trial", models.CharField(blank=True, default="", max_length=64)),
                ("told", models.CharField(blank=True, default="", max_length=200)),
                ("version", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("provider", "backend"), name="one_breaker_a_place"),
                    models.CheckConstraint(
                        condition=(Q(state="half_open") & ~Q(trial=""))
                        | (~Q(state="half_open") & Q(trial="")),
                        name="half_open_names_its_trial",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BreakerMove",
            fields=[
                ("id", _id()),
                ("source", models.CharField(max_length=10)),
                ("target", models.CharField(max_length=10)),
                ("why", models.CharField(max_length=300)),
                ("by", models.CharField(blank=True, default="", max_length=120)),
                ("made_at", models.DateTimeField()),
                (
                    "breaker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="moves",
                        to="backends.breaker",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                ("id", _id()),
                ("provider", models.CharField(max_length=40)),
                ("backend", models.CharField(max_length=60)),
                ("job", models.CharField(max_length=64)),
                ("sound", models.BooleanField()),
                ("whole", models.BooleanField(default=False)),
                ("kind", models.CharField(blank=True, default="", max_length=40)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["provider", "backend", "-at"], name="backends_outcomes_newest")
                ],
            },
        ),
    ]
