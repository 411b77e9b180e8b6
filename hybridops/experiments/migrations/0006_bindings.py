from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0005_anyway")]

    operations: ClassVar = [
        migrations.AddField(model_name="submission", name="bindings", field=models.JSONField(default=list)),
        migrations.AddField(
            model_name="stage",
            name="made_from",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddIndex(
            model_name="stage",
            index=models.Index(condition=~Q(made_from=""), fields=["made_from"], name="stages_by_input"),
        ),
    ]
