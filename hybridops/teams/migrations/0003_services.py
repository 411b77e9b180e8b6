from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("teams", "0002_presence")]

    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="team",
            options={
                "default_permissions": (),
                "permissions": (
                    ("see_runs", "Can see runs"),
                    ("submit_runs", "Can submit and cancel runs"),
                    ("decide", "Can decide on requests"),
                    ("see_costs", "Can see costs"),
                    ("manage_budgets", "Can set budgets"),
                    ("operate", "Can stop and resume QPU spending"),
                    ("see_audit", "Can read the audit log"),
                    ("manage_people", "Can add people and services and give them roles"),
                    ("propose_definitions", "Can propose workflows"),
                    ("review_definitions", "Can review proposed workflows"),
                    ("manage_policy", "Can change the policy"),
                    ("break_glass", "Can let one run pass in an emergency"),
                ),
            },
        ),
        migrations.AddField(
            model_name="user",
            name="sponsor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sponsored",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(
                max_length=20,
                choices=[
                    (name, name)
                    for name in (
                        "analyst",
                        "reviewer",
                        "policy owner",
                        "finance",
                        "operator",
                        "auditor",
                        "administrator",
                    )
                ],
            ),
        ),
    ]
