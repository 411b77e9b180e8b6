from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

SQLITE = """CREATE TRIGGER approvals_decision_by_others BEFORE INSERT ON approvals_decision
WHEN EXISTS (SELECT 1 FROM approvals_approvalrequest asked WHERE asked.id = NEW.request_id AND (
    asked.requester_id IN (NEW.person_id, NEW.on_behalf_id)
    OR EXISTS (SELECT 1 FROM json_each(asked.involved) one WHERE one.value IN (NEW.person_id, NEW.on_behalf_id))))
BEGIN SELECT RAISE(ABORT, 'nobody decides on what they asked for or had a part in'); END"""
POSTGRESQL = (
    """CREATE FUNCTION approvals_decision_by_others() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF EXISTS (SELECT 1 FROM approvals_approvalrequest asked WHERE asked.id = NEW.request_id AND (
    asked.requester_id IN (NEW.person_id, NEW.on_behalf_id)
    OR asked.involved @> to_jsonb(NEW.person_id) OR asked.involved @> to_jsonb(NEW.on_behalf_id)))
THEN RAISE EXCEPTION 'nobody decides on what they asked for or had a part in' USING ERRCODE = 'check_violation'; END IF;
RETURN NEW; END $$""",
    """CREATE TRIGGER approvals_decision_by_others BEFORE INSERT ON approvals_decision
FOR EACH ROW EXECUTE FUNCTION approvals_decision_by_others()""",
)


def by_others(apps: Any, schema_editor: Any) -> None:
    """A second line: whoever writes around the services cannot decide on their own work."""
    postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL if postgresql else (SQLITE,):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("approvals", "0007_by_subject")]

    operations: ClassVar = [migrations.RunPython(by_others, migrations.RunPython.noop)]
