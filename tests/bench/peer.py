"""The peer of the orchestration bench: eight bare RQ jobs that each call the next, without any record."""

from __future__ import annotations

import os
from time import perf_counter

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

STEPS = 8


def _queue() -> Queue:
    return Queue("peer", connection=Redis.from_url(os.environ["REDIS_URL"]), serializer=JSONSerializer)


def link(left: int, done: str) -> None:
    """One job: calls the next, or says that the chain has ended."""
    queue = _queue()
    if left > 1:
        queue.enqueue_call("tests.bench.peer.link", args=(left - 1, done), result_ttl=0)
    else:
        queue.connection.rpush(done, "1")


def chain_seconds(number: int) -> float:
    """One chain from its first call to its end, by workers that run in other processes."""
    queue, done = _queue(), f"peer-done-{number}"
    started = perf_counter()
    queue.enqueue_call("tests.bench.peer.link", args=(STEPS, done), result_ttl=0)
    queue.connection.blpop([done], timeout=20)
    return perf_counter() - started


if __name__ == "__main__":
    queue = _queue()
    SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer).work(logging_level="ERROR")
