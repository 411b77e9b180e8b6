from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("approvals", "0006_by_time")]

    operations: ClassVar[list[Any]] = [
        migrations.AddIndex("approvalrequest", models.Index(fields=["subject"], name="requests_by_subject")),
    ]
