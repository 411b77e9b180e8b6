from __future__ import annotations

from django.db import migrations

from hybridops.audit.append_only import guard


class Migration(migrations.Migration):
    dependencies = [("quotas", "0002_initial")]

    operations = [guard("quotas_ledgerentry")]
