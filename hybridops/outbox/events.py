"""One event as CloudEvents JSON, and a row for every machine that wants it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from hybridops.domain import clock
from hybridops.outbox.brokers import Broker, brokers
from hybridops.outbox.models import Delivery, Publication, Webhook
from hybridops.trust.canonical import canonical

TYPE = "dev.hybridops."


def is_wanted(kind: str) -> bool:
    """Whether any machine is told of this kind: what costs something to say need not be said to nobody."""
    if any(broker.wants(kind) for broker in brokers().values()):
        return True
    return any(kind in kinds for kinds in Webhook.objects.filter(active=True).values_list("kinds", flat=True))


def emit(*, kind: str, occasion: str, team_id: int, path: str, data: Mapping[str, Any]) -> None:
    """Queues one event for the brokers and for the webhooks of its team, in the caller's transaction.

    The same occasion is told once, and nobody is told of a rehearsed past.
    """
    if clock.is_told():
        return
    hooks = Webhook.objects.filter(team_id=team_id, active=True)
    send(kind, occasion, path, data, hooks=[hook for hook in hooks if kind in hook.kinds], team_id=team_id)


def send(
    kind: str,
    occasion: str,
    path: str,
    data: Mapping[str, Any],
    *,
    hooks: Sequence[Webhook],
    team_id: int | None,
) -> None:
    """Queues it for these webhooks and every broker that wants the kind."""
    listening = [broker for broker in brokers().values() if broker.wants(kind)]
    if not hooks and not listening:
        return
    now, order = clock.now(), _order_of(data)
    body = _body(kind, occasion, path, data, now, order, team_id)
    common = {"key": occasion, "kind": kind, "body": body, "order": order, "made_at": now, "next_at": now}
    Delivery.objects.bulk_create([Delivery(webhook=hook, **common) for hook in hooks], ignore_conflicts=True)
    _publish(listening, team_id, common)


def _publish(listening: Iterable[Broker], team_id: int | None, common: Mapping[str, Any]) -> None:
    rows = [Publication(broker=broker.name, team_id=team_id, **common) for broker in listening]
    Publication.objects.bulk_create(rows, ignore_conflicts=True)


def _order_of(data: Mapping[str, Any]) -> str:
    """What an event is about and must not overtake: its run, or nothing."""
    return f"run:{data['run']}" if "run" in data else str(data.get("about", ""))


def _body(
    kind: str,
    occasion: str,
    path: str,
    data: Mapping[str, Any],
    now: datetime,
    order: str,
    team_id: int | None,
) -> str:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": occasion,
        "source": settings.SITE,
        "type": f"{TYPE}{kind}",
        "subject": path,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
    if order:
        event["partitionkey"] = order
    if team_id is not None:
        event["team"] = team_id
    return canonical(event).decode()
