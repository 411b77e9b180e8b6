from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from hybridops.audit.append_only import loosen, same


class Migration(migrations.Migration):
    """What people are called and wrote may be erased, and nothing else of a vote changes."""

    dependencies: ClassVar = [("approvals", "0004_the_waiting_life")]

    operations: ClassVar = [
        loosen(
            approvals_decision=(
                same(
                    "id",
                    "request_id",
                    "revision",
                    "person_id",
                    "on_behalf_id",
                    "roles",
                    "presence",
                    "verdict",
                )
                + " AND "
                + same("limits", "digest", "envelope", "made_at")
                + """ AND NEW."by" LIKE '%erased person %' AND NEW.reason IN (OLD.reason, '', '(erased)')"""
            ),
            approvals_afterreview=(
                same("id", "use_id", "person_id", "in_order", "envelope", "made_at")
                + " AND NEW.text = '(erased)'"
            ),
        )
    ]
