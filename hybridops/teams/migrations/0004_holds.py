from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("teams", "0003_services")]

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
                    ("hold_data", "Can keep data from being removed or erased"),
                ),
            },
        )
    ]
