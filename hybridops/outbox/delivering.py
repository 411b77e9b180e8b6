"""Deliveries to webhooks: signed, to the address that was checked, without redirects, within five seconds."""

from __future__ import annotations

from hashlib import sha256

import urllib3
from django.utils import timezone

from hybridops.domain.errors import BadInput
from hybridops.domain.states import NoticeState
from hybridops.outbox import queue
from hybridops.outbox.models import Delivery
from hybridops.outbox.signing import headers, secret
from hybridops.outbox.targets import Target, resolve

SECONDS_MAX = 5.0


def deliver_due(*, limit: int = 50) -> int:
    """One round; how many were taken by their receivers."""
    return sum(_deliver(row) for row in queue.take(Delivery, timezone.now(), limit))


def _deliver(row: Delivery) -> int:
    hook = row.webhook
    if not hook.active:
        queue.end([row], NoticeState.DROPPED, timezone.now())
        return 0
    try:
        status = _post(row, resolve(hook.url))
    except (BadInput, OSError, urllib3.exceptions.HTTPError) as problem:
        queue.fail([row], f"{type(problem).__name__}: {problem}", timezone.now())
        return 0
    if not 200 <= status < 300:
        queue.fail([row], f"the receiver answered {status}", timezone.now())
        return 0
    queue.end([row], NoticeState.SENT, timezone.now())
    return 1


def message_id(row: Delivery) -> str:
    """The same at every attempt, so that a receiver can tell a duplicate."""
    return f"msg_{sha256(f'{row.webhook_id}:{row.key}'.encode()).hexdigest()[:32]}"


def _post(row: Delivery, target: Target) -> int:
    body = row.body.encode()
    signed = headers(
        message=message_id(row),
        seconds=int(timezone.now().timestamp()),
        body=body,
        key=secret(row.webhook_id, row.webhook.turn),
    )
    told = {"Host": _host(target), "Content-Type": "application/cloudevents+json", "User-Agent": "hybridops"}
    with _pool(target) as pool:
        answer = pool.request(
            "POST", target.path, body=body, headers={**told, **signed}, redirect=False, preload_content=False
        )
        answer.close()  # what a receiver says is nobody's business here
        return int(answer.status)


def _host(target: Target) -> str:
    usual = target.port == (443 if target.secure else 80)
    return target.host if usual else f"{target.host}:{target.port}"


def _pool(target: Target) -> urllib3.HTTPConnectionPool:
    limit = urllib3.Timeout(total=SECONDS_MAX)
    if not target.secure:
        return urllib3.HTTPConnectionPool(target.address, target.port, timeout=limit, retries=False)
    return urllib3.HTTPSConnectionPool(
        target.address,
        target.port,
        timeout=limit,
        retries=False,
        server_hostname=target.host,
        assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
    )
