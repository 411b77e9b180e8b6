"""What machines were told is kept for a time, so that a range can be sent again; then it goes, a batch at a time.

What has not left and what was given up stays until somebody deals with it. Mails stay with the people they were for.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from hybridops.domain.states import NoticeState
from hybridops.outbox.models import Delivery, Publication

BATCH = 500
_ENDED = (NoticeState.SENT, NoticeState.DROPPED)


def remove_told(*, limit: int = BATCH) -> int:
    """Removes the oldest rows that ended before OUTBOX_DAYS; how many. A row that is sent again meanwhile stays."""
    before, removed = timezone.now() - timedelta(days=settings.OUTBOX_DAYS), 0
    for kind in (Delivery, Publication):
        old = kind._default_manager.filter(state__in=_ENDED, ended_at__lt=before)
        numbers = list(old.order_by("pk").values_list("pk", flat=True)[:limit])
        removed += old.filter(pk__in=numbers).delete()[0] if numbers else 0
    return removed
