from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def mark(apps: Any, schema_editor: Any) -> None:
    """What is there already belongs to who added it, and goes where its class usually goes."""
    snapshots = apps.get_model("experiments", "DataSnapshot").objects
    for row in snapshots.all():
        row.owner_id = row.added_by_id
        row.regions = ["*"] if row.data_class == "public" else ["home"]
        row.save()


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("experiments", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.AddField("datasnapshot", "regions", models.JSONField(default=list)),
        migrations.AddField(
            "datasnapshot", "class_why", models.CharField(blank=True, default="", max_length=300)
        ),
        migrations.AddField("datasnapshot", "removed_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "datasnapshot", "removed_under", models.CharField(blank=True, default="", max_length=200)
        ),
        migrations.AddField(
            "datasnapshot",
            "owner",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
