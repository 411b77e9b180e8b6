from __future__ import annotations

from django.db import migrations

from hybridops.audit.append_only import guard


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_initial")]

    operations = [guard("approvals_decision")]
