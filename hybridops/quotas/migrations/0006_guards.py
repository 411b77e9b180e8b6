from __future__ import annotations

from typing import Any

import django.db.models.expressions
from django.db import migrations, models

from hybridops.audit.append_only import guard

_CLOSED = "OLD.closed_at IS NOT NULL"
_BEYOND = """(NEW.pending_micro + NEW.posted_micro > NEW.limit_micro
AND NEW.pending_micro + NEW.posted_micro > OLD.pending_micro + OLD.posted_micro)
OR (NEW.pending_shots > OLD.pending_shots AND NEW.pending_shots + NEW.posted_shots > NEW.limit_shots)
OR (NEW.pending_qpu_ms > OLD.pending_qpu_ms AND NEW.pending_qpu_ms + NEW.posted_qpu_ms > NEW.limit_qpu_ms)"""
_TOLD = {
    "closed": (_CLOSED, "a closed budget takes nothing"),
    "limit": (_BEYOND, "beyond the limit of a budget"),
}


def budgets_keep(apps: Any, schema_editor: Any) -> None:
    """The database itself refuses a promise beyond a limit, and whatever comes after a budget was closed."""
    for name, (when, said) in _TOLD.items():
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE FUNCTION quotas_budget_keeps_{name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = 'check_violation'; END $$",
                params=None,
            )
            act = f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION quotas_budget_keeps_{name}()"
        else:
            act = f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{said}'); END"
        schema_editor.execute(
            f"CREATE TRIGGER quotas_budget_keeps_{name} BEFORE UPDATE ON quotas_budget {act}", params=None
        )


class Migration(migrations.Migration):
    dependencies = [("quotas", "0005_accounts")]

    operations = [
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="entry_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "source",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("available"), "*", models.Value(-1)
                                        ),
                                        "-",
                                        models.F("pending"),
                                    ),
                                    "-",
                                    models.F("posted"),
                                ),
                                "-",
                                models.F("overrun"),
                            ),
                            "-",
                            models.F("contingency"),
                        ),
                    )
                ),
                name="entry_adds_up_to_zero",
            ),
        ),
        guard("quotas_ledgerentry"),
        migrations.RunPython(budgets_keep, migrations.RunPython.noop),
    ]
