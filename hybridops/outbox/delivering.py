"""Deliveries to webhooks: signed, to the address that was checked, without redirects, within five seconds.

As Standard Webhooks say: any 2xx is a yes, 410 ends the webhook, all else is tried again under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPException
from socket import SHUT_RDWR
from threading import Timer

import urllib3
from django.utils import timezone
from urllib3.connection import HTTPConnection, HTTPSConnection

from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput
from hybridops.domain.states import NoticeState
from hybridops.outbox import queue
from hybridops.outbox.models import Delivery, Webhook
from hybridops.outbox.services import stop_webhook
from hybridops.outbox.signing import headers, secret
from hybridops.outbox.targets import Target, resolve

BOTH_SECRETS = timedelta(days=1)
SECONDS_MAX = 5.0


def deliver_due(*, limit: int = 50) -> int:
    """One round; how many were taken by their receivers."""
    return sum(_deliver(row) for row in queue.take(Delivery, limit))


def _deliver(row: Delivery) -> int:
    hook = row.webhook
    if not hook.active:
        queue.end([row], NoticeState.DROPPED, timezone.now())
        return 0
    try:
        status = _post(row, resolve(hook.url))
    except (BadInput, OSError, ValueError, urllib3.exceptions.HTTPError, HTTPException) as problem:
        # a certificate of another name, and a host that is no name, are ValueErrors
        queue.fail([row], f"{type(problem).__name__}: {problem}", timezone.now())
        return 0
    if 200 <= status < 300:
        queue.end([row], NoticeState.SENT, timezone.now())
        return 1
    if status == HTTPStatus.GONE:
        stop_webhook(webhook=hook, actor=SYSTEM)
        queue.end([row], NoticeState.DROPPED, timezone.now())
    else:
        queue.fail([row], f"the receiver answered {status}", timezone.now())
    return 0


def message_id(row: Delivery) -> str:
    """The same at every attempt, so that a receiver can tell a duplicate."""
    return f"msg_{sha256(f'{row.webhook_id}:{row.key}'.encode()).hexdigest()[:32]}"


def keys(hook: Webhook) -> list[bytes]:
    """Its secret, and for a day after a change the one before."""
    turns = [hook.turn]
    if hook.turned_at is not None and timezone.now() - hook.turned_at < BOTH_SECRETS:
        turns.append(hook.turn - 1)
    return [secret(hook.pk, turn) for turn in turns]


def _post(row: Delivery, target: Target) -> int:
    """The receiver's status; raises OSError or HTTPError, at the latest when the time is over."""
    body, seconds = row.body.encode(), int(timezone.now().timestamp())
    signed = headers(message=message_id(row), seconds=seconds, body=body, keys=keys(row.webhook))
    told = {"Host": _host(target), "Content-Type": "application/cloudevents+json", "User-Agent": "hybridops"}
    connection = _connection(target)
    try:
        connection.connect()
        with _deadline(connection):  # a receiver that sends a byte now and then would else keep us for hours
            connection.request(
                "POST", target.path, body=body, headers={**told, **signed}, preload_content=False
            )
            return connection.getresponse().status  # its body is nobody's business here
    finally:
        connection.close()


@contextmanager
def _deadline(connection: HTTPConnection) -> Iterator[None]:
    """Within the block the socket is shut once the time is over."""
    held = connection.sock
    assert held is not None  # connected
    timer = Timer(SECONDS_MAX, lambda: held.shutdown(SHUT_RDWR))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _host(target: Target) -> str:
    usual = target.port == (443 if target.secure else 80)
    return target.host if usual else f"{target.host}:{target.port}"


def _connection(target: Target) -> HTTPConnection:
    """To the address that was checked; it is the host's by its certificate."""
    if not target.secure:
        return HTTPConnection(target.address, target.port, timeout=SECONDS_MAX)
    return HTTPSConnection(
        target.address,
        target.port,
        timeout=SECONDS_MAX,
        server_hostname=target.host,
        assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
    )
