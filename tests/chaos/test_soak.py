"""Processes killed at random while several runs move, and the supervisor itself killed under open runs."""

from __future__ import annotations

import os
import random
from time import monotonic, sleep

import pytest

from tests.chaos.lab import Lab, descendants
from tests.cli.processes import alive

WORKERS = ("worker-light", "worker-cpu", "worker-gpu", "worker-qpu")
OTHERS = ("sweep", "simulator", "broker", "web")
SEED = int(os.environ.get("CHAOS_SEED", "20261122"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
def test_processes_die_at_random_while_runs_move(lab: Lab, seed: int) -> None:
    """A stage may be given up after three dead workers; nothing may be left, lost, or sent or paid twice."""
    rng = random.Random(seed)
    runs = [lab.submit(seed=number, fallback=rng.choice(("classical", "stop"))) for number in range(5)]
    decided: set[int] = set()
    with lab.murders((*WORKERS, *OTHERS), rng, (0.5, 2.5)) as victims:
        end = monotonic() + 45
        while monotonic() < end and not all(lab.oracle.outcome(run) for run in runs):
            decided |= decide_on(lab, runs)
            sleep(0.1)
    end = monotonic() + 90
    while monotonic() < end and not all(lab.oracle.outcome(run) for run in runs):
        decided |= decide_on(lab, runs)
        sleep(0.1)
    assert len(victims) > 10
    for run in runs:
        given_up = any(row["losses"] >= 3 for row in lab.oracle.stages(run).values())
        endings = ("failed", "degraded") if given_up else ("accepted", "not_accepted")
        lab.correct(run, *endings, jobs=None, decisions=int(run in decided))
        assert len(lab.oracle.jobs(run)) <= 1


def decide_on(lab: Lab, runs: list[int]) -> set[int]:
    ready = {run for run in runs if lab.oracle.asked(run)}
    for run in ready:
        lab.ask("decide", run=run)
    return ready


@pytest.mark.slow
def test_the_supervisor_is_killed_and_the_next_start_ends_what_was_open(lab: Lab) -> None:
    """No process outlives it; one run was asked about, one decided on, one at the provider, one just made."""
    asked, decided, sent = lab.submit(seed=1), lab.submit(seed=2), lab.submit(seed=3)
    for run in (asked, decided, sent):
        lab.until(lambda run=run: lab.oracle.asked(run), "nobody was asked", 90, run)
    with lab.frozen("simulator"):
        lab.approve(sent)
        lab.until(lambda: lab.oracle.jobs(sent), "the provider has no job", 60, sent)
    lab.approve(decided)
    new = lab.submit(seed=4)
    everybody = descendants(lab.host.pid)
    assert len(everybody) >= 8
    lab.host.kill()
    lab.host.wait()
    lab.until(lambda: not [pid for pid in everybody if alive(pid)], "somebody outlived the supervisor", 15)
    lab.start()
    lab.approve(asked)
    lab.approve(new)
    for run in (asked, decided, sent, new):
        lab.correct(run)
