"""The arithmetic of the replay: when a queue is served, what is compared, and that the load is the plan's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.bench_queue_replay import Told, World, fixed, least_busy, ours, ratio
from tests.bench.queue_trace import MARK, Job, Machine, load


def machine(name: str, pending: float, error: float = 0.01, off: tuple[int, ...] = ()) -> Machine:
    active = np.array([mark not in off for mark in range(100)])
    return Machine(name, 27, error, 0.01, np.full(100, pending), active)


def test_a_closed_machine_serves_nobody_meanwhile() -> None:
    end = 100 * MARK
    assert machine("a", 4).served_at(0.0, end) == 120.0
    assert machine("a", 11).served_at(100.0, end) == 430.0
    assert machine("a", 11, off=(1, 2)).served_at(100.0, end) == 100.0 + 330.0 + 2 * MARK
    assert machine("a", 5000).served_at(0.0, end) == float("inf")


def test_our_own_jobs_stand_behind_each_other() -> None:
    world, one = World([machine("a", 0)], 100 * MARK), machine("a", 0)
    assert [world.send(Job(0.0, 5, 50.0), one, 0.0) for _ in range(3)] == [0.0, 50.0, 100.0]
    assert world.ahead(one, 60.0) == 100.0


def test_who_chooses_what() -> None:
    fleet = [machine("best", 20, 0.010), machine("near", 2, 0.011), machine("bad", 0, 0.1)]
    world, job = World(fleet, 100 * MARK), Job(600.0, 5, 10.0)
    assert [arm(world, job).name for arm in (fixed, least_busy, ours(0))] == ["best", "bad", "near"]


def test_a_ratio_of_the_same_is_one() -> None:
    told = Told(np.arange(1.0, 13.0), *[np.ones(12)] * 3, np.repeat(np.arange(4), 3))
    assert ratio(told, told) == (1.0, 1.0, 1.0)


def test_the_load_is_that_of_the_plan() -> None:
    jobs = load(0.0, 86400.0)
    assert len(jobs) == pytest.approx(960, rel=0.1)
    assert load(3600.0, 7200.0) == [job for job in jobs if 3600.0 <= job.came < 7200.0]
