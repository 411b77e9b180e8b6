from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0005_anyway")]

    operations: ClassVar = [
        migrations.AddField(model_name="submission", name="bindings", field=models.JSONField(default=list)),
    ]
