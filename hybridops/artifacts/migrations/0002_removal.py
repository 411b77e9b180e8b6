from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("artifacts", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField("artifact", "removed_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "artifact", "removed_under", models.CharField(blank=True, default="", max_length=200)
        ),
        migrations.AddField("artifact", "cleared", models.BooleanField(default=False)),
    ]
