from __future__ import annotations

from typing import ClassVar

from django.db import migrations

FILL = """
    UPDATE experiments_outcome SET project_id = (
        SELECT asked.project_id FROM experiments_run run
        JOIN experiments_experiment asked ON asked.id = run.experiment_id
        WHERE run.id = experiments_outcome.run_id
    )
"""


class Migration(migrations.Migration):
    """Apart from the ones around it: PostgreSQL alters no table whose rows were changed in the same transaction."""

    dependencies: ClassVar = [("experiments", "0012_project")]

    operations: ClassVar = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
