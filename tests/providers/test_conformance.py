"""Both adapters keep the contract; each fault breaks what its sentence says, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hybridops.domain.errors import BadInput, ProviderError, ProviderRefused, ProviderUnclear
from hybridops.domain.ports import CancelOutcome, RemoteState
from hybridops.providers.conformance import CHECKS
from hybridops.providers.conformance_bench import SHOTS, Bench
from hybridops.providers.faults import FAULTS, set_fault
from hybridops.providers.flaky import BAD_ANSWERS, FlakySimulator
from hybridops.providers.local import IDEAL, LocalSimulator
from hybridops.providers.service import run_pending


def bench_of(kind: str, folder: Path) -> Bench:
    """A provider whose queue is worked off in this process."""

    def work() -> None:
        run_pending(folder)

    if kind == "flaky":
        return Bench(
            FlakySimulator(folder=folder, timeout_seconds=0.05, consistency_seconds=0.2), work, IDEAL
        )
    return Bench(LocalSimulator(folder=folder), work, kind)


@pytest.fixture(params=[IDEAL, "heron-torino", "nighthawk-miami", "flaky"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return bench_of(request.param, tmp_path)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_conformance(bench: Bench, check: Callable[[Bench], None]):
    check(bench)


@pytest.fixture
def flaky(tmp_path: Path) -> Bench:
    return bench_of("flaky", tmp_path)


def turn_on(tmp_path: Path, fault: str) -> None:
    assert FAULTS[fault].endswith(".")
    set_fault(tmp_path, fault)


def test_unknown_fault(tmp_path: Path):
    with pytest.raises(BadInput, match="no fault 'gremlins'"):
        set_fault(tmp_path, "gremlins")


def test_timeout_takes_nothing_and_only_once(flaky: Bench, tmp_path: Path):
    turn_on(tmp_path, "timeout")
    with pytest.raises(ProviderUnclear):
        flaky.submit("k")
    assert flaky.provider.find("k") is None
    assert flaky.submit("k")


def test_hang_blocks(tmp_path: Path):
    provider = FlakySimulator(folder=tmp_path, fault="hang", hang_seconds=0.2)
    began = time.monotonic()
    with pytest.raises(ProviderUnclear):
        Bench(provider, lambda: None, IDEAL).submit("k")
    assert time.monotonic() - began >= 0.2
    assert provider.find("k") is None


@pytest.mark.parametrize("fault", ["error", "unavailable"])
def test_refusals(flaky: Bench, tmp_path: Path, fault: str):
    turn_on(tmp_path, fault)
    with pytest.raises(ProviderRefused) as caught:
        flaky.submit("k")
    assert caught.value.kind == "backend_down"
    assert flaky.provider.find("k") is None
    assert all(one.available == (fault == "error") for one in flaky.provider.backends())


def test_fails(flaky: Bench, tmp_path: Path):
    turn_on(tmp_path, "fails")
    job_id = flaky.submit()
    flaky.work()
    job, usage = flaky.look(job_id), flaky.provider.usage(job_id)
    assert (job.state, job.error) == (RemoteState.FAILED, "The device failed while it ran this.")
    assert usage is not None
    assert (usage.shots, usage.qpu_seconds, usage.final) == (0, 0.0, True)


def test_partial(flaky: Bench, tmp_path: Path):
    turn_on(tmp_path, "partial")
    job_id = flaky.submit()
    flaky.work()
    found, usage = flaky.provider.result(job_id), flaky.provider.usage(job_id)
    assert found.partial
    assert found.shots_done == sum(found.counts.values()) == usage.shots == 0.6 * SHOTS


@pytest.mark.parametrize("fault", ["lost", "lost-late"])
def test_lost_answers(flaky: Bench, tmp_path: Path, fault: str):
    """The job is there: found by its key, at once or late, and the same key makes no second one."""
    turn_on(tmp_path, fault)
    with pytest.raises(ProviderUnclear):
        flaky.submit("k")
    assert (flaky.provider.find("k") is None) == (fault == "lost-late")
    time.sleep(flaky.provider.consistency_seconds)
    assert flaky.provider.find("k").job_id == flaky.submit("k")
    assert run_pending(tmp_path) == 1


def test_twice(flaky: Bench, tmp_path: Path):
    """The result is there while polls still tell old states; in the end they tell the truth."""
    turn_on(tmp_path, "twice")
    job_id = flaky.submit()
    flaky.work()
    assert flaky.provider.result(job_id)
    told = [[job.state for job in flaky.provider.poll([job_id])] for _ in range(4)]
    done, old, older = RemoteState.COMPLETED, RemoteState.RUNNING, RemoteState.QUEUED
    assert told == [[old], [done, older], [older, done], [older, done]]


def test_drift(tmp_path: Path):
    """One change after the compile; without the fault the old calibration is back."""
    bench = Bench(FlakySimulator(folder=tmp_path), lambda: None, "heron-torino")
    before = bench.target()
    turn_on(tmp_path, "drift")
    assert bench.target().digest == before.digest
    bench.program()
    after = bench.target()
    assert after.digest != before.digest
    assert after.calibration["two_qubit_error"] > before.calibration["two_qubit_error"]
    bench.program()
    assert bench.target().digest == after.digest
    turn_on(tmp_path, "none")
    assert bench.target().digest == before.digest


def test_late_bill(flaky: Bench, tmp_path: Path):
    turn_on(tmp_path, "late-bill")
    job_id = flaky.submit()
    flaky.work()
    final = [flaky.provider.usage(job_id).final for _ in range(BAD_ANSWERS + 1)]
    assert final == [False] * BAD_ANSWERS + [True]


def test_cancel_late(flaky: Bench, tmp_path: Path):
    turn_on(tmp_path, "cancel-late")
    job_id = flaky.submit()
    assert flaky.provider.cancel(job_id) == CancelOutcome.TOO_LATE
    flaky.work()
    assert flaky.look(job_id).state == RemoteState.COMPLETED
    assert flaky.provider.usage(job_id).shots == SHOTS


@pytest.mark.parametrize("call", ["poll", "result"])
def test_garbage(flaky: Bench, tmp_path: Path, call: str):
    turn_on(tmp_path, "garbage")
    job_id = flaky.submit()
    flaky.work()
    ask = flaky.look if call == "poll" else flaky.provider.result
    for _ in range(BAD_ANSWERS):
        with pytest.raises(ProviderError) as caught:
            ask(job_id)
        assert caught.value.kind == "malformed"
    assert ask(job_id)
