"""Signed checkpoints to every webhook that wants them: whoever keeps one can show later that a log was rewritten."""

from __future__ import annotations

from django.db import transaction

from hybridops.audit.models import Checkpoint
from hybridops.outbox.events import send
from hybridops.outbox.models import Webhook

KIND = "audit.checkpoint"


@transaction.atomic
def to_webhooks(newest: Checkpoint) -> None:
    """A target of `settings.AUDIT_TARGETS`. The log is one, so a webhook of any team may have it, and the brokers."""
    hooks = [hook for hook in Webhook.objects.filter(active=True) if KIND in hook.kinds]
    told = {"size": newest.size, "note": newest.note}
    send(KIND, f"checkpoint:{newest.size}", "/audit/", told, hooks=hooks, team_id=None)
