"""The broker dies, forgets, and is filled with rubbish: it only ever carries hints."""

from __future__ import annotations

import random
from pathlib import Path
from time import sleep

import pytest
from redis.exceptions import OutOfMemoryError
from rq import Queue
from rq.serializers import JSONSerializer

from tests.chaos.lab import Lab

RUN_STAGE = "hybridops.engine.jobs.run_stage"


def some(lab: Lab, count: int) -> list[int]:
    """Runs at different points of their way; the last one is asked about."""
    return [lab.submit(backend="ideal", seed=number) for number in range(count - 1)] + [lab.submit()]


def all_correct(lab: Lab, runs: list[int]) -> None:
    lab.approve(runs[-1])
    for run in runs[:-1]:
        lab.correct(run, decisions=0)
    lab.correct(runs[-1])


@pytest.mark.parametrize(
    ("forget", "seconds"),
    [
        pytest.param(True, 0.5, id="its data lost"),
        pytest.param(False, 0.5, id="its data kept", marks=pytest.mark.slow),
        pytest.param(True, 25.0, id="away for long", marks=pytest.mark.slow),
    ],
)
def test_valkey_is_killed_while_runs_move(lab: Lab, forget: bool, seconds: float) -> None:
    """Every call is lost; the sweeper calls again, and the decision meanwhile is kept."""
    runs = some(lab, 3)
    with lab.without_broker(forget=forget):
        sleep(seconds)
    all_correct(lab, runs)
    assert lab.broker().ping()


def test_valkey_dies_between_the_question_and_the_decision(lab: Lab) -> None:
    """The reviewer decides while there is no broker: the vote is on disk, and the run goes on by itself."""
    run = lab.submit()
    lab.until(lambda: lab.oracle.asked(run), "nobody was asked", 60, run)
    with lab.without_broker(forget=True):
        lab.approve(run)
        assert len(lab.oracle.decisions(run)) == 1
    lab.correct(run)


def test_a_full_valkey_refuses_calls_and_no_run_is_lost(lab: Lab) -> None:
    """A run is taken and asked about while the broker takes nothing; it goes on once there is room."""
    client = lab.broker()
    first = lab.submit()
    lab.until(lambda: lab.oracle.asked(first), "nobody was asked", 60, first)
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(OutOfMemoryError):
            client.set("a", "b")
        lab.approve(first)
        second = lab.submit()
        sleep(2)
        assert len(lab.oracle.decisions(first)) == 1
    finally:
        client.config_set("maxmemory", 0)
    lab.correct(first)
    lab.approve(second)
    lab.correct(second)


@pytest.mark.slow
def test_everything_in_valkey_is_deleted_again_and_again(lab: Lab) -> None:
    runs, rng = some(lab, 2), random.Random(7)
    client = lab.broker()
    for _ in range(12):
        sleep(rng.uniform(0.05, 0.4))
        client.flushall()
    all_correct(lab, runs)


@pytest.mark.parametrize("size", [300, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_queue_full_of_foreign_and_repeated_calls_does_nothing(lab: Lab, tmp_path: Path, size: int) -> None:
    """All of them in front of a run: no effect, no shell, no dead worker, and the run ends."""
    old = lab.submit(backend="ideal")
    lab.correct(old, decisions=0)
    before = lab.oracle.events(old)
    done = [row["id"] for row in lab.oracle.stages(old).values()]
    marker = tmp_path / "owned"
    client = lab.broker()
    pids = lab.ask("pids")
    for queue, count in (("light", size - 30), ("cpu", 10), ("gpu", 10), ("qpu", 10)):
        calls = Queue(queue, connection=client, serializer=JSONSerializer)
        for number in range(count):
            foreign = number % 5 == 0
            calls.enqueue_call(
                "os.system" if foreign else RUN_STAGE,
                args=(f"touch {marker}" if foreign else done[number % 9] if number % 2 else 10**9 + number,),
                timeout=-1,
                result_ttl=0,
                failure_ttl=60,
            )
        client.hset(f"rq:job:rubbish-{queue}", mapping={"data": b"\x80\x04 no JSON", "status": "queued"})
        client.rpush(f"rq:queue:{queue}", f"rubbish-{queue}", f"missing-{queue}")
    run = lab.submit()
    lab.approve(run)
    lab.correct(run)
    lab.until(
        lambda: not any(client.llen(f"rq:queue:{q}") for q in ("light", "cpu", "gpu", "qpu")), "full", 60
    )
    assert not marker.exists(), "a foreign function was run"
    assert lab.oracle.events(old) == before
    assert lab.ask("pids") == pids, "a process died of it"
