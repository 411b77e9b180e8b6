from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0004_holds")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="experiment",
            name="anyway",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
    ]
