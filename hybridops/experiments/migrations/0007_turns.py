from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0006_bindings"), ("teams", "0004_holds")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "stage",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="turn",
                        serialize=False,
                        to="experiments.stage",
                    ),
                ),
                ("priority_class", models.CharField(max_length=20)),
                ("asked_at", models.DateTimeField()),
                ("not_after", models.DateTimeField()),
                ("cost_micro", models.BigIntegerField()),
                ("listed", models.JSONField()),
                ("open_to", models.JSONField()),
                ("rungs", models.JSONField(default=list)),
                ("shots", models.PositiveIntegerField(default=0)),
                ("provider", models.CharField(blank=True, default="", max_length=40)),
                ("backend", models.CharField(blank=True, default="", max_length=60)),
                ("granted_at", models.DateTimeField(null=True)),
                ("until", models.FloatField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="teams.team"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(condition=Q(settled=True), fields=["ended_at"], name="settled_submissions"),
        ),
    ]
