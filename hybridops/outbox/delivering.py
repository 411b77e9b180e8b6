"""Deliveries to webhooks: signed, to the address that was checked, without redirects, within five seconds.

As Standard Webhooks say: any 2xx is a yes, 410 ends the webhook, all else is tried again under the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPException
from itertools import batched
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
AT_ONCE_MAX = 8


def deliver_due(*, limit: int = 50) -> int:
    """One round, of at most so many to each webhook; how many were taken by their receivers.

    Some webhooks at one time, each one event after another; one that does not take an event waits for the next round:
    who hangs holds up the others once.
    """
    with ThreadPoolExecutor(AT_ONCE_MAX) as senders:
        return sum(_deliver(hooks, senders, limit) for hooks in batched(_waited_for(), AT_ONCE_MAX))


def _deliver(hooks: Iterable[int], senders: ThreadPoolExecutor, limit: int) -> int:
    """No more webhooks than senders: what is leased is sent at once."""
    taken = 0
    lanes = {hook: queue.take(Delivery, limit, webhook=hook) for hook in hooks}
    while rows := [row for lane in lanes.values() if (row := next(lane, None))]:
        calls = [(row, senders.submit(_post, row, keys(row.webhook))) for row in rows if _wanted(row)]
        for row, call in calls:
            if _ended(row, call):
                taken += 1
            else:
                del lanes[row.webhook_id]
    return taken


def _waited_for() -> list[int]:
    due = Delivery.objects.filter(state=NoticeState.QUEUED, next_at__lte=timezone.now())
    return list(due.order_by("webhook").values_list("webhook", flat=True).distinct())


def _wanted(row: Delivery) -> bool:
    """Who was stopped hears nothing more, also of what waits."""
    if not row.webhook.active:
        queue.end([row], NoticeState.DROPPED, timezone.now())
    return row.webhook.active


def _ended(row: Delivery, call: Future[int]) -> bool:
    """Notes what became of it; whether the receiver took it."""
    try:
        status = call.result()
    except (BadInput, OSError, ValueError, urllib3.exceptions.HTTPError, HTTPException) as problem:
        # a certificate of another name, and a host that is no name, are ValueErrors
        queue.fail([row], f"{type(problem).__name__}: {problem}", timezone.now())
        return False
    if 200 <= status < 300:
        queue.end([row], NoticeState.SENT, timezone.now())
        return True
    if status == HTTPStatus.GONE:
        stop_webhook(webhook=row.webhook, actor=SYSTEM)
        queue.end([row], NoticeState.DROPPED, timezone.now())
    else:
        queue.fail([row], f"the receiver answered {status}", timezone.now())
    return False


def message_id(row: Delivery) -> str:
    """The same at every attempt, so that a receiver can tell a duplicate."""
    return f"msg_{sha256(f'{row.webhook_id}:{row.key}'.encode()).hexdigest()[:32]}"


def keys(hook: Webhook) -> list[bytes]:
    """Its secret, and for a day after a change the one before."""
    turns = [hook.turn]
    if hook.turned_at is not None and timezone.now() - hook.turned_at < BOTH_SECRETS:
        turns.append(hook.turn - 1)
    return [secret(hook.pk, turn) for turn in turns]


def _post(row: Delivery, signers: list[bytes]) -> int:
    """The receiver's status; raises OSError or HTTPError, at the latest when the time is over.

    Runs in a thread and asks the database nothing.
    """
    target = resolve(row.webhook.url)
    body, seconds = row.body.encode(), int(timezone.now().timestamp())
    signed = headers(message=message_id(row), seconds=seconds, body=body, keys=signers)
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
