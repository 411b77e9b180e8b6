from __future__ import annotations

from django.db import migrations

from hybridops.audit.append_only import guard


class Migration(migrations.Migration):
    dependencies = [("definitions", "0002_drafts")]

    operations = [guard("definitions_review", "definitions_weeklynote")]
