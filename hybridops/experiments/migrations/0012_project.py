from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models

# While an installation is upgraded the version before ends runs as well, and knows nothing of the column. On SQLite nothing
# runs meanwhile.
FILL = """CREATE FUNCTION fill_outcome_project() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    SELECT asked.project_id INTO NEW.project_id FROM experiments_run run
    JOIN experiments_experiment asked ON asked.id = run.experiment_id WHERE run.id = NEW.run_id;
    RETURN NEW;
END $$"""
WHEN = """CREATE TRIGGER outcome_has_its_project BEFORE INSERT ON experiments_outcome
FOR EACH ROW WHEN (NEW.project_id IS NULL) EXECUTE FUNCTION fill_outcome_project()"""
BACK = (
    "DROP TRIGGER outcome_has_its_project ON experiments_outcome",
    "DROP FUNCTION fill_outcome_project()",
)


def _on_postgres(*statements: str) -> Any:
    def work(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return work


class Migration(migrations.Migration):
    dependencies: ClassVar = [("experiments", "0011_old_replaced"), ("teams", "0001_initial")]

    operations: ClassVar[list[Any]] = [
        migrations.AddField(
            "outcome",
            "project",
            models.ForeignKey(
                "teams.Project", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
            ),
        ),
        migrations.RunPython(_on_postgres(FILL, WHEN), _on_postgres(*BACK)),
    ]
