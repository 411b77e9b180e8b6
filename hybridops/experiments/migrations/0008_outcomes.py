from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0007_turns"), ("teams", "0004_holds")]

    operations: ClassVar = [
        migrations.AddField("submission", "started_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="told",
                        serialize=False,
                        to="experiments.run",
                    ),
                ),
                ("workflow", models.SlugField(db_index=False)),
                ("definition", models.CharField(max_length=64)),
                ("outcome", models.CharField(max_length=20)),
                ("counts", models.CharField(max_length=10)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("provider", models.CharField(blank=True, default="", max_length=40)),
                ("backend", models.CharField(blank=True, default="", max_length=60)),
                ("calibration", models.CharField(blank=True, default="", max_length=64)),
                ("quantum", models.FloatField(null=True)),
                ("baseline", models.FloatField(null=True)),
                ("random", models.FloatField(null=True)),
                ("heuristic", models.FloatField(null=True)),
                ("ideal", models.FloatField(null=True)),
                ("best", models.FloatField(null=True)),
                ("credit", models.CharField(blank=True, default="", max_length=20)),
                ("wait_seconds", models.FloatField(null=True)),
                ("busy_seconds", models.FloatField(default=0)),
                ("sent", models.PositiveIntegerField(default=0)),
                ("returned", models.PositiveIntegerField(default=0)),
                ("errors", models.PositiveIntegerField(default=0)),
                ("whole", models.PositiveIntegerField(default=0)),
                ("retries", models.PositiveIntegerField(default=0)),
                ("fell_back", models.BooleanField(default=False)),
                ("late", models.BooleanField(null=True)),
                ("cost_micro", models.BigIntegerField(default=0)),
                ("qpu_micro", models.BigIntegerField(default=0)),
                (
                    "snapshot",
                    models.ForeignKey(on_delete=PROTECT, related_name="+", to="experiments.datasnapshot"),
                ),
                (
                    "team",
                    models.ForeignKey(db_index=False, on_delete=PROTECT, related_name="+", to="teams.team"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["definition", "counts", "team", "ended_at"], name="outcomes_by_rule"
                    ),
                    models.Index(fields=["workflow", "team", "made_at"], name="outcomes_by_workflow"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("definition", models.CharField(max_length=64)),
                ("counts", models.CharField(max_length=10)),
                ("outcome", models.CharField(max_length=20)),
                ("runs", models.PositiveIntegerField(default=0)),
                ("cost_micro", models.BigIntegerField(default=0)),
                ("qpu_micro", models.BigIntegerField(default=0)),
                ("best", models.FloatField(null=True)),
                (
                    "snapshot",
                    models.ForeignKey(on_delete=PROTECT, related_name="+", to="experiments.datasnapshot"),
                ),
                ("team", models.ForeignKey(on_delete=PROTECT, related_name="+", to="teams.team")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("definition", "snapshot", "counts", "outcome"), name="one_tally_a_kind"
                    )
                ]
            },
        ),
    ]
