"""The wires that go up by name: in the transaction an event for machines outside, on commit a call to the workers
and a nudge to the pages.

Calls and nudges are only hints. If the broker is away they are lost, and the sweeper calls again; a page catches
up when it reconnects.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from django.conf import settings
from django.db import transaction
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from hybridops.domain import clock
from hybridops.experiments.models import Experiment, Run, Stage
from hybridops.outbox.events import emit, is_wanted

NUDGES = "hybridops:nudges"
JOB = "hybridops.engine.jobs.run_stage"
_log = logging.getLogger(__name__)
_silent: ContextVar[bool] = ContextVar("silent", default=False)


@cache
def broker() -> Redis:
    """One connection pool a process; a call that the broker does not take in 2 s is left to the sweeper."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


@cache
def broker_for_pages() -> Redis:
    """The same for who waits for an answer: one that is away is told at once instead of tried for seconds."""
    return Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0), socket_timeout=1)


@contextmanager
def silence() -> Iterator[None]:
    """Within the block nobody is called: whoever opened it drives the stages itself."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def announce(run: Run, ready: Sequence[Stage]) -> None:
    """After the commit: call a worker for each ready stage, and tell the watchers of the run."""
    if _silent.get():
        return
    calls = [(stage.pk, stage.queue) for stage in ready]
    nudge = {"object": f"run:{run.pk}", "version": run.version, "state": run.state}
    transaction.on_commit(lambda: _send(calls, nudge), robust=True)


def emit_changed(run: Run, was: str) -> None:
    """Machines outside are told of the new state, in the transaction that makes it; nothing where none listens."""
    if clock.is_told() or not is_wanted("run.changed"):
        return
    found = Experiment.objects.filter(pk=run.experiment_id).values_list("project__team_id", "workflow").get()
    team_id, workflow = found
    emit(
        kind="run.changed",
        occasion=f"run:{run.pk}:version:{run.version}",
        team_id=team_id,
        path=f"/runs/{run.pk}/",
        data={
            "run": run.pk,
            "state": run.state,
            "was": was if run.version > 1 else "",
            "version": run.version,
            "workflow": workflow,
            "requested_by": run.requested_by_id,
        },
    )


def _send(calls: Sequence[tuple[int, str]], nudge: dict[str, object]) -> None:
    try:
        for stage_id, queue in calls:
            call(JOB, stage_id, queue=queue)
        broker().publish(NUDGES, json.dumps(nudge))
    except RedisError as problem:
        _log.warning("the broker is away, the sweeper will call again: %s", problem)


def call(job: str, argument: int | str, *, queue: str) -> None:
    """Puts one call on a queue. Its argument is an id: what is true is read from the database."""
    Queue(queue, connection=broker(), serializer=JSONSerializer).enqueue_call(
        job, args=(argument,), timeout=-1, result_ttl=0, failure_ttl=3600
    )


def head_since(queue: str) -> float | None:
    """When the call that is next in this queue was put there, in seconds since 1970; None where nothing waits."""
    told = Queue(queue, connection=broker(), serializer=JSONSerializer).get_jobs(0, 1)
    return told[0].enqueued_at.timestamp() if told and told[0].enqueued_at else None


def nudge(watched: str, **told: object) -> None:
    """Tells the watchers of one object something that is not a move: progress, a decision, a stop."""
    if _silent.get():
        return
    try:
        broker().publish(NUDGES, json.dumps({"object": watched, **told}))
    except RedisError as problem:
        _log.info("nobody could be nudged: %s", problem)


def queues_changed() -> None:
    """On commit, the pages of queues and backends look again: what waits, or what may go where, has changed."""
    if not _silent.get():
        transaction.on_commit(lambda: nudge("queues:0"), robust=True)


def access_changed(*, user_id: int, **kwargs: object) -> None:
    """Tells the sockets of one person to ask again whether they may stay."""
    nudge(f"person:{user_id}")
