from __future__ import annotations

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from redis.backoff import NoBackoff
from redis.retry import Retry


@never_cache
def livez(request: HttpRequest) -> JsonResponse:
    """200 while this process answers at all, whatever else is away: a restart would mend nothing else."""
    return JsonResponse({"process": True})


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 where the database and the broker answer, else 503. Open to all: it names no detail."""
    answers = {"database": _database_answers(), "broker": _broker_answers()}
    return JsonResponse(answers, status=200 if all(answers.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except Exception:  # whatever a driver raises, the answer is no
        return False


def _broker_answers() -> bool:
    # redis-py would otherwise retry a dead server for seconds.
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, retry=Retry(NoBackoff(), 0), socket_timeout=1
        ) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
