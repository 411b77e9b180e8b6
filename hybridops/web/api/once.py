"""Idempotency-Key: the answer is written in the transaction of what it tells, and given again for the same key.

What is refused is taken back with its key, so a mended call may use it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from ninja import Schema, Status

from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict
from hybridops.teams.models import User
from hybridops.trust.canonical import digest
from hybridops.web.models import Answered

HEADER, KEY_MAX, KEPT = "Idempotency-Key", 64, timedelta(hours=24)
FORGOTTEN_AT_ONCE = 100


def key_of(request: HttpRequest) -> str:
    """The caller's key, or nothing; raises BadInput for one that cannot be kept."""
    key = request.headers.get(HEADER, "")
    if len(key) > KEY_MAX or not key.isprintable():
        raise BadInput(f"{HEADER} has at most {KEY_MAX} printable characters.", field=HEADER)
    return key


def once(
    request: HttpRequest,
    user: User,
    work: Callable[[], Schema],
    status: HTTPStatus,
    *,
    body: bytes | None = None,
) -> Status[object]:
    """Does the work, or answers what it answered before. Raises Conflict for a key that was used for something else.

    `body` is what was sent, where the request's own can be read no more.
    """
    key = key_of(request)
    if not key:
        with transaction.atomic():
            return Status(status.value, work())
    sent = request.body if body is None else body
    asked = digest(b"\n".join([str(request.method).encode(), request.get_full_path().encode(), sent]))
    known = _known(user, key)
    if known is None:
        try:
            with transaction.atomic():
                return _answer(user, key, asked, work, status)
        except IntegrityError:  # the same call at the same moment: the other one won
            known = _known(user, key)
            if known is None:
                raise
    if known.asked != asked:
        raise Conflict(f"This {HEADER} was used for another call. Choose a new one.")
    return Status(known.status, known.body)


def _known(user: User, key: str) -> Answered | None:
    return Answered.objects.filter(user=user, key=key, made_at__gt=clock.now() - KEPT).first()


def _answer(
    user: User, key: str, asked: str, work: Callable[[], Schema], status: HTTPStatus
) -> Status[object]:
    _forget(user, key)
    row = Answered.objects.create(user=user, key=key, asked=asked, made_at=clock.now())
    made = work()
    Answered.objects.filter(pk=row.pk).update(status=status.value, body=made.model_dump(mode="json"))
    return Status(status.value, made)


def _forget(user: User, key: str) -> None:
    """What is older than it is promised for goes, a few at a time; the caller's own old key at once."""
    old = Answered.objects.filter(made_at__lte=clock.now() - KEPT)
    some = old.order_by("made_at").values("pk")[:FORGOTTEN_AT_ONCE]
    Answered.objects.filter(pk__in=list(some.values_list("pk", flat=True))).delete()
    old.filter(user=user, key=key).delete()
