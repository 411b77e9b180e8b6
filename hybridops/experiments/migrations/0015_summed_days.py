from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("experiments", "0014_indexes"),
        ("teams", "0006_propose"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="SummedDay",
            fields=[
                ("begins_at", models.DateTimeField(primary_key=True, serialize=False)),
                ("ends_at", models.DateTimeField()),
                ("last_ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Touched",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="DayBlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("begins_at", models.DateTimeField()),
                ("block", models.PositiveSmallIntegerField()),
                ("runs", models.PositiveIntegerField()),
                ("accepted", models.PositiveIntegerField()),
                ("finished", models.PositiveIntegerField()),
                ("compared", models.PositiveIntegerField()),
                ("pairs", models.PositiveIntegerField()),
                ("micro", models.BigIntegerField()),
                ("qpu_micro", models.BigIntegerField()),
                ("accepted_micro", models.BigIntegerField()),
                ("tried_micro", models.BigIntegerField()),
                ("gain", models.FloatField()),
                ("stayed_7", models.PositiveIntegerField()),
                ("stayed_30", models.PositiveIntegerField()),
                ("stayed_90", models.PositiveIntegerField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="teams.team",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "begins_at", "block"), name="one_sum_a_block_and_day"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DayMoney",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("begins_at", models.DateTimeField()),
                ("backend", models.CharField(blank=True, default="", max_length=60)),
                ("workflow", models.SlugField(db_index=False)),
                ("outcome", models.CharField(max_length=20)),
                ("runs", models.PositiveIntegerField()),
                ("cost_micro", models.BigIntegerField()),
                ("qpu_micro", models.BigIntegerField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="teams.team",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="teams.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "begins_at", "project", "backend", "workflow", "outcome"),
                        name="one_sum_a_cell_and_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DayStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("begins_at", models.DateTimeField()),
                ("lost", models.CharField(max_length=20)),
                ("refused", models.PositiveSmallIntegerField()),
                ("overdue", models.PositiveSmallIntegerField()),
                ("runs", models.PositiveIntegerField()),
                ("micro", models.BigIntegerField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="teams.team",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "begins_at", "lost", "refused", "overdue"),
                        name="one_sum_a_step_and_day",
                    )
                ],
            },
        ),
    ]
