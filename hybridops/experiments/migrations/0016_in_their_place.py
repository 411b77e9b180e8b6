from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0015_summed_days")]

    operations: ClassVar[list[Any]] = [
        migrations.AddIndex(
            "outcome",
            models.Index(
                fields=["snapshot", "workflow", "outcome", "best"],
                condition=models.Q(replaced_at=None),
                name="outcomes_in_their_place",
            ),
        ),
    ]
