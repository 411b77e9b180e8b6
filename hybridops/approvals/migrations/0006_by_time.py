from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("approvals", "0005_erasure")]

    operations: ClassVar[list[Any]] = [
        migrations.AddIndex("decision", models.Index(fields=["made_at"], name="decisions_by_time")),
    ]
