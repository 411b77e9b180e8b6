"""kill -9 of workers, work-horses, sweeper and simulator while a run is at a stage of theirs."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from tests.chaos.lab import Lab, children

STAGES = (
    ("validate", "light"),
    ("heuristic", "cpu"),
    ("baseline", "cpu"),
    ("narrow", "gpu"),
    ("encode", "light"),
    ("compile", "cpu"),
    ("gate", "light"),
)
LATER = (("gate", "light"), ("quantum", "qpu"), ("score", "cpu"))


def die(lab: Lab, plan: tuple[tuple[str, str], ...]) -> set[str]:
    """Kills the worker of each stage while it is at it, one after the other; which stages were met."""
    return {stage for stage, queue in plan if lab.strike(f"worker-{queue}", stage)}


def losses(lab: Lab, run: int) -> dict[str, int]:
    return {key: row["losses"] for key, row in lab.oracle.stages(run).items() if row["losses"]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((STAGES[3], STAGES[5]), LATER[:2], id="each worker once"),
        pytest.param(STAGES, LATER, id="at every stage", marks=pytest.mark.slow),
    ],
)
def test_a_worker_dies_on_a_stage(
    lab: Lab, before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...]
) -> None:
    wanted, met = {stage for stage, _ in (*before, *after)}, set[str]()
    for _ in range(3):  # a stage of milliseconds may slip through; then another run is tried
        met |= one_run(
            lab, tuple(x for x in before if x[0] not in met), tuple(x for x in after if x[0] not in met)
        )
        if met == wanted:
            return
    raise AssertionError(f"never met: {wanted - met}")


def one_run(lab: Lab, before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...]) -> set[str]:
    """Strikes before and after the question is asked; the run ends correctly all the same."""
    with ThreadPoolExecutor(1) as aside:
        made = aside.submit(lab.submit)
        met = die(lab, before)
        run = made.result()
        lab.until(lambda: lab.oracle.asked(run), "nobody was asked", 90, run)
        approved = aside.submit(lab.approve, run)
        met |= die(lab, after)
        approved.result()
    lab.correct(run)
    assert set(losses(lab, run)) == met, (losses(lab, run), met)
    return met


def test_the_horse_the_sweeper_and_the_simulator_die_in_one_run(lab: Lab) -> None:
    """The CPU worker outlives its work-horse; the job that the simulator was at runs again, as one job."""
    with ThreadPoolExecutor(1) as aside:
        made = aside.submit(lab.submit)
        worker = lab.pid("worker-cpu")
        lab.until(lambda: lab.oracle.running("baseline") and children(worker), "no work-horse was seen", 30)
        for horse in children(worker):
            os.kill(horse, signal.SIGKILL)
        run = made.result()
    lab.kill("sweep")
    with lab.frozen("simulator"):
        lab.approve(run)
        lab.until(lambda: lab.oracle.jobs(run), "the provider has no job", 60, run)
    lab.until(lambda: lab.oracle.jobs(run)[0]["state"] == "running", "the simulator did not begin", 30, run)
    lab.kill("simulator")
    lab.correct(run)
    assert lab.pid("worker-cpu") == worker, "the worker died of its work-horse"
    assert losses(lab, run) == {"baseline": 1}
    assert lab.oracle.jobs(run)[0]["attempt"] == 2


@pytest.mark.slow
def test_a_stage_on_which_three_workers_died_is_given_up(lab: Lab) -> None:
    """Whatever kills its worker every time must not do so for ever."""
    with ThreadPoolExecutor(1) as aside:
        made = aside.submit(lab.submit, backend="ideal")
        for _ in range(3):
            assert lab.strike("worker-gpu", "narrow")
            lab.until(lambda: not lab.oracle.running("narrow"), "nobody gave the stage back", 40)
        run = made.result()
    lab.correct(run, "failed", jobs=0, decisions=0)
    assert lab.oracle.stages(run)["narrow"]["losses"] == 3


@pytest.mark.slow
def test_a_worker_that_stood_still_past_its_lease_is_fenced_off(lab: Lab) -> None:
    """The zombie wakes when another worker has done its stage: what it brings is refused."""
    with ThreadPoolExecutor(1) as aside:
        made = aside.submit(lab.submit)
        zombie = lab.pid("worker-gpu")
        lab.until(lambda: freeze_at(lab, zombie, "narrow"), "the stage never stood still", 30)
        run = made.result()
    try:
        lab.ask("second", queue="gpu")
        lab.until(lambda: lab.oracle.stages(run)["narrow"]["state"] == "done", "nobody took it over", 60, run)
        stage = lab.oracle.stages(run)["narrow"]
        assert (stage["fence"], stage["losses"]) == (2, 1)
    finally:
        os.kill(zombie, signal.SIGCONT)
    sleep(2)
    lab.approve(run)
    lab.correct(run)
    done = [move for move in lab.oracle.moves(run, "stage")["narrow"] if move == ("running", "done")]
    assert len(done) == 1
    assert lab.oracle.stages(run)["narrow"]["fence"] == 2
    assert lab.pid("worker-gpu") == zombie, "the zombie died of being fenced"


def freeze_at(lab: Lab, pid: int, stage: str) -> bool:
    if not lab.oracle.running(stage):
        return False
    os.kill(pid, signal.SIGSTOP)
    if lab.oracle.running(stage):
        return True
    os.kill(pid, signal.SIGCONT)
    return False


def test_workers_give_way_to_pages(lab: Lab) -> None:
    page = os.getpriority(os.PRIO_PROCESS, lab.pid("web"))
    for queue in ("light", "cpu", "gpu", "qpu"):
        assert os.getpriority(os.PRIO_PROCESS, lab.pid(f"worker-{queue}")) == min(19, page + 10)
