from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.core.management import call_command
from django.db import migrations, models


def make_cache(apps: Any, schema_editor: Any) -> None:
    """The table of Django's database cache, which counts sign-ins while the broker is away."""
    call_command("createcachetable", "hybridops_cache", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("teams", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="CodeTries",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("since", models.DateTimeField()),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SpentProof",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("proof", models.CharField(max_length=80)),
                ("spent_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "proof"), name="a_proof_counts_once")]
            },
        ),
        migrations.RunPython(make_cache, migrations.RunPython.noop),
    ]
