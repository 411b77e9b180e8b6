"""The door for signed messages: what a hook's caller sends becomes a run, and every no is problem+json.

It reads no cookie and no account; the signature is all there is. Unknown, unsigned, old and repeated look alike.
"""

from __future__ import annotations

import logging
import time
from http import HTTPStatus

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from redis import RedisError

from hybridops.domain.errors import HybridopsError
from hybridops.engine.firing import TooOften, call_hook
from hybridops.experiments.announce import broker
from hybridops.web.api.door import problem, refused

BODY_BYTES_MAX = 64 * 1024
FROM_ONE_ADDRESS_A_MINUTE = 240
MINUTE = 60
_log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def hook(request: HttpRequest, key: str) -> HttpResponse:
    """202 with the run's number, or problem+json: 404, 413, 422 with the intake's sentence, 429."""
    if _asks_too_often(request):
        return _too_many("This address asks too often. Wait a minute.")
    body = request.read(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        return _too_large()
    try:
        run = call_hook(key=key, headers={k.lower(): v for k, v in request.headers.items()}, body=body)
    except TooOften as said:
        return _too_many(str(said))
    except HybridopsError as said:
        return refused(request, said)
    return JsonResponse({"run": run.pk, "path": f"/runs/{run.pk}/"}, status=HTTPStatus.ACCEPTED)


def _too_large() -> JsonResponse:
    words = f"A message has {BODY_BYTES_MAX} bytes at most."
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", words)


def _too_many(words: str) -> JsonResponse:
    headers = {"Retry-After": str(MINUTE)}
    return problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many", words, headers=headers)


def _asks_too_often(request: HttpRequest) -> bool:
    """Counted with the broker before anything is looked at; without the broker nothing is counted."""
    try:
        name = f"hooks:{get_adapter(request).get_client_ip(request)}:{int(time.time()) // MINUTE}"
    except PermissionDenied:
        name = f"hooks:unknown:{int(time.time()) // MINUTE}"
    try:
        with broker().pipeline() as pipe:
            pipe.incr(name)
            pipe.expire(name, 2 * MINUTE)
            return int(pipe.execute()[0]) > FROM_ONE_ADDRESS_A_MINUTE
    except RedisError as away:
        _log.warning("calls of hooks are not counted, the broker is away: %s", away)
        return False
