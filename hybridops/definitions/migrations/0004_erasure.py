from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from hybridops.audit.append_only import loosen, same


class Migration(migrations.Migration):
    """What a reviewer wrote may be erased, and nothing else of a review changes."""

    dependencies: ClassVar = [("definitions", "0003_append_only")]

    operations: ClassVar = [
        loosen(
            definitions_review=(
                same("id", "draft_id", "revision", "person_id", "verdict", "digest", "envelope", "made_at")
                + " AND NEW.reason = '(erased)'"
            ),
            definitions_weeklynote=(
                same("id", "document_id", "person_id", "verdict", "numbers", "made_at")
                + " AND NEW.why = '(erased)'"
            ),
        )
    ]
