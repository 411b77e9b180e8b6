"""Whatever was written to the broker, a worker runs our entry points and nothing else."""

from __future__ import annotations

import inspect
import os
from typing import Any

import fakeredis
import pytest
from rq import Queue
from rq.job import Callback
from rq.serializers import JSONSerializer

from hybridops.engine import jobs
from hybridops.engine.worker import InlineWorker, StageJob
from hybridops.experiments.announce import JOB

pytestmark = pytest.mark.django_db  # an entry point closes connections that are too old


@pytest.fixture
def broker() -> fakeredis.FakeStrictRedis:
    return fakeredis.FakeStrictRedis()


def work(broker: fakeredis.FakeStrictRedis, queue: Queue) -> None:
    """As our worker does, until the queue is empty."""
    told: dict[str, Any] = {"connection": broker, "serializer": JSONSerializer, "job_class": StageJob}
    ours = Queue(queue.name, **told)
    InlineWorker([ours], **told).work(burst=True, logging_level="CRITICAL")


class Instance:
    def run_stage(self, stage_id: int) -> None:
        """A method with the name of an entry point."""


FOREIGN = [
    "os.system", "subprocess.call", "builtins.eval", "os.unlink", "hybridops.engine.jobs.call_me", "hybridops.engine.jobs.os.system",
    "hybridops.engine.jobs.ALLOWED.union", "hybridops.engine.jobs.run_stage.__globals__", "hybridops.engine.advance.take",
    "hybridops.engine.jobs.deadline", " hybridops.engine.jobs.run_stage", "", "tests.house.test_jobs.ran",
]  # fmt: skip
RAN: list[object] = []


def ran(*told: object) -> None:
    RAN.append(told)


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_code_is_refused_and_the_worker_goes_on(
    broker: fakeredis.FakeStrictRedis, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    RAN.clear()
    monkeypatch.setattr(os, "system", ran)
    monkeypatch.setattr(jobs.advance, "take", lambda *told: RAN.append("ours"))
    queue = Queue("light", connection=broker, serializer=JSONSerializer)
    bad = queue.enqueue_call(name or "x", args=("touch me",), result_ttl=0, failure_ttl=60)
    if not name:
        broker.hset(bad.key, "data", b"")
    queue.enqueue_call(JOB, args=(1,), result_ttl=0)
    work(broker, queue)
    assert RAN == ["ours"]


def test_each_of_ours_is_let_in(broker: fakeredis.FakeStrictRedis) -> None:
    assert {
        "hybridops.engine.jobs.run_stage", "hybridops.engine.jobs.poll_provider", "hybridops.engine.jobs.observe_provider",
        "hybridops.engine.jobs.try_draft", "hybridops.engine.jobs.try_storage",
    } == jobs.ALLOWED  # fmt: skip
    assert JOB in jobs.ALLOWED
    for name in jobs.ALLOWED:
        job = StageJob.create(name, args=(1,), connection=broker, serializer=JSONSerializer)
        assert job.func.__module__ == "hybridops.engine.jobs"
        (given,) = inspect.signature(
            job.func
        ).parameters.values()  # two versions share the queues for a while
        assert given.default is given.empty


def test_a_method_of_something_is_refused(broker: fakeredis.FakeStrictRedis) -> None:
    job = StageJob.create(JOB, args=(1,), connection=broker, serializer=JSONSerializer)
    job._instance = Instance()
    with pytest.raises(PermissionError):
        _ = job.func


@pytest.mark.parametrize("when", ["on_success", "on_failure", "on_stopped"])
def test_callbacks_are_never_called(
    broker: fakeredis.FakeStrictRedis, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    RAN.clear()

    def take(*told: object) -> None:
        if when == "on_failure":
            raise ValueError("on purpose")

    monkeypatch.setattr(jobs.advance, "take", take)
    queue = Queue("light", connection=broker, serializer=JSONSerializer)
    queue.enqueue_call(
        JOB, args=(1,), result_ttl=60, failure_ttl=60, **{when: Callback("tests.house.test_jobs.ran")}
    )
    work(broker, queue)
    assert RAN == []
    job = StageJob(connection=broker, serializer=JSONSerializer)
    assert (job.success_callback, job.failure_callback, job.stopped_callback) == (None, None, None)


def test_what_pickles_is_not_read(broker: fakeredis.FakeStrictRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job in Python's own format, which could run anything when it is opened."""
    import pickle

    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return (ran, ("exploded",))

    RAN.clear()
    queue = Queue("light", connection=broker, serializer=JSONSerializer)
    job = queue.enqueue_call(JOB, args=(1,), result_ttl=0, failure_ttl=60)
    broker.hset(job.key, "data", pickle.dumps((JOB, None, (Bomb(),), {})))
    monkeypatch.setattr(jobs.advance, "take", lambda *told: RAN.append("ours"))
    queue.enqueue_call(JOB, args=(2,), result_ttl=0)
    work(broker, queue)
    assert RAN == ["ours"]
