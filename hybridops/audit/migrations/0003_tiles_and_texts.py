from __future__ import annotations

from typing import Any

from django.db import migrations, models

from hybridops.audit.append_only import guard_but


def refuse_old_logs(apps: Any, schema_editor: Any) -> None:
    """The earlier checkpoints were signed in another way: their log cannot be gone on with."""
    if apps.get_model("audit", "AuditEvent").objects.exists():
        raise RuntimeError(
            "This database was made by an earlier version, whose log this one cannot continue. "
            "Make a new data folder and a new database."
        )


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.RunPython(refuse_old_logs, migrations.RunPython.noop),
        migrations.RemoveField("log", "frontier"),
        migrations.SeparateDatabaseAndState(  # the column stays as it is, and so do the table's triggers
            state_operations=[migrations.AlterField("checkpoint", "made_at", models.DateTimeField())]
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("about", models.CharField(max_length=120)),
                ("field", models.CharField(max_length=40)),
                ("salt", models.CharField(max_length=32)),
                ("text", models.TextField()),
                ("erased_at", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["about", "field"], name="payloads_by_person")]},
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                ("place", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("hashes", models.BinaryField(max_length=8192)),
            ],
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("target", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
                ("tried_at", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, default="", max_length=300)),
            ],
        ),
        migrations.AddIndex("auditevent", models.Index(fields=["actor", "-id"], name="events_by_actor")),
        guard_but(
            audit_tile=(
                "NEW.place = OLD.place AND length(NEW.hashes) >= length(OLD.hashes) "
                "AND substr(NEW.hashes, 1, length(OLD.hashes)) = OLD.hashes"
            ),
            audit_payload=(
                "NEW.digest = OLD.digest AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL "
                "AND NEW.text = '' AND NEW.salt = '' AND NEW.about = '' AND NEW.field = ''"
            ),
        ),
    ]
