from __future__ import annotations

from django.db import migrations

from hybridops.audit.append_only import guard


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [guard("audit_auditevent", "audit_leaf", "audit_checkpoint")]
