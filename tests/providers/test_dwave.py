"""The D-Wave adapter, through dwave-cloud-client's REST client, against the stage on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hybridops.domain.errors import BadInput, ProviderError
from hybridops.domain.ports import RemoteState
from hybridops.providers import dwave_words as words
from hybridops.providers import embedding
from hybridops.providers.conformance import CHECKS
from hybridops.providers.conformance_bench import CIRCUIT, Bench
from hybridops.providers.conformance_remote import HASTY_SECONDS, REMOTE_CHECKS, StageBench
from hybridops.providers.dwave import DWave
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.solvers.qubo import Qubo
from hybridops.trust.canonical import canonical
from tests.providers.stage import HIDDEN, NOWHERE, Naps, fresh, kept, listening, named, stage

pytest.importorskip(
    "dwave.cloud", reason="dwave-cloud-client is not installed: pip install -r requirements/dev.txt"
)
pytest.importorskip("minorminer", reason="minorminer is not installed: pip install -r requirements/dev.txt")

played = pytest.importorskip("hybridops.providers.fakecloud.dwave", reason="starlette is not installed")

OPERATIONS = {"submit": "submit", "poll": "problem", "cancel": "cancel"}
COST = canonical(
    {"offset": 1.5, "linear": [-4.0, 1.0, 5.0], "quadratic": [[0, 1, -2.0], [1, 2, 1.0]]}
).decode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with stage(tmp_path_factory.mktemp("stage"), dwave=HIDDEN) as made:
        yield made


@pytest.fixture
def cloud(served: Cloud) -> Cloud:
    return fresh(served, dwave=HIDDEN)


def adapter(cloud: Cloud, folder: Path, naps: Naps, seconds: float = 60.0, url: str = "") -> DWave:
    return DWave(
        secrets=kept(folder, "dwave", {"token": HIDDEN}),
        folder=folder / "dwave",
        endpoint=f"{url or cloud.url}/dwave/sapi/v2",
        timeout_seconds=seconds,
        pause=naps.pause,
    )


@pytest.fixture
def bench(cloud: Cloud, tmp_path: Path) -> StageBench:
    naps = Naps()
    return StageBench(
        adapter(cloud, tmp_path, naps),
        cloud.finish_all,
        played.SOLVER,
        secrets=(HIDDEN,),
        circuit=COST,
        job_seconds=played.PROGRAM_MICROSECONDS / 1e6,
        cloud=cloud,
        vendor="dwave",
        operations=OPERATIONS,
        hasty=adapter(cloud, tmp_path, Naps(), HASTY_SECONDS),
        nowhere=adapter(cloud, tmp_path, Naps(), url=NOWHERE),
        naps=naps.taken,
        code="The chip warmed up",
    )


@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_conformance(bench: StageBench, check: Callable[[Bench], None]) -> None:
    check(bench)


@pytest.mark.parametrize("check", REMOTE_CHECKS, ids=named)
def test_troubles(bench: StageBench, check: Callable[[StageBench], None]) -> None:
    check(bench)


def test_every_state_and_error_of_the_sdk_has_a_meaning() -> None:
    from dwave.cloud.api import constants, exceptions

    states = {"PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"}
    assert {state.value for state in constants.ProblemStatus if state.value in states} == set(words.STATES)
    known = {
        name
        for name, found in vars(exceptions).items()
        if isinstance(found, type) and issubclass(found, exceptions.RequestError)
    }
    assert known == set(words.ERRORS)


def test_a_new_word_ends_nothing() -> None:
    told = words.remote_job({"id": "p", "status": "THAWING"})
    assert (told.state, told.raw_status) == (RemoteState.UNKNOWN, "THAWING")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 418, 429, 500, 503])
def test_every_code_has_a_kind(code: int) -> None:
    found = words.meaning(code)
    assert found.kind
    assert found.certain == (code < 500 and code != 418)


def test_the_answer_is_the_best_one_of_a_problem_with_chains(bench: StageBench) -> None:
    """Twelve bits, each joined with each: chains of several qubits, and the exact minimum among the reads."""
    rng = np.random.default_rng(5)
    cost = Qubo(
        0.5, rng.integers(-9, 9, 12).astype(float), np.triu(rng.integers(-9, 9, (12, 12)), 1).astype(float)
    )
    program = bench.provider.compile(canonical(cost.document()).decode(), bench.target(), seed=3)
    assert program.qubits > 12
    assert program.depth > 1
    job_id = bench.provider.submit(program, shots=300, seed=1, key="chains")
    bench.work()
    found = bench.provider.result(job_id)
    rows = np.array([[int(bit) for bit in bits] for bits in found.counts])
    every = (np.arange(1 << 12)[:, None] >> np.arange(12)) & 1
    assert cost.energy(rows).min() == cost.energy(every).min()
    assert 0 <= found.metadata["broken_chains"] < 1


def test_a_circuit_is_refused(bench: StageBench) -> None:
    with pytest.raises(BadInput):
        bench.provider.compile(CIRCUIT, bench.target(), seed=1)


def test_a_problem_that_does_not_fit_is_refused() -> None:
    """Four bits, each joined with each, on five qubits in a row; and more lone bits than qubits."""
    row = [(0, 1), (1, 2), (2, 3), (3, 4)]
    whole = embedding.Cost(0.0, (0.0,) * 4, tuple((i, j, 1.0) for i in range(4) for j in range(i + 1, 4)))
    lone = embedding.Cost(0.0, (1.0,) * 6, ())
    for cost, why in ((whole, "do not fit"), (lone, "not enough qubits")):
        with pytest.raises(BadInput, match=why):
            embedding.place(cost, range(5), row, seed=1)


def test_a_graph_that_was_never_seen_is_refused(bench: StageBench) -> None:
    other = replace(bench.target(), calibration={"graph": "0" * 64})
    with pytest.raises(BadInput, match="look at it again"):
        bench.provider.compile(COST, other, seed=1)


def test_a_result_without_its_placement_says_what_to_do(bench: StageBench, tmp_path: Path) -> None:
    job_id = bench.submit("gone")
    bench.work()
    for file in (tmp_path / "dwave").glob("sent-*"):
        file.unlink()
    with pytest.raises(ProviderError, match="one folder"):
        bench.provider.result(job_id)


def test_the_solver_of_the_stage_is_one_that_the_sdk_accepts() -> None:
    from dwave.cloud.solver import StructuredSolver

    solver = StructuredSolver(None, played.solver())
    assert solver.num_active_qubits == len(played.solver()["properties"]["qubits"])
    found = [solver.estimate_qpu_access_time(num_qubits=5, num_reads=reads) for reads in (1, 100)]
    assert (found[1] - found[0]) / 99 == pytest.approx(played.READ_MICROSECONDS)


def test_no_credential_in_logs_and_reprs(bench: StageBench, cloud: Cloud) -> None:
    with listening() as ears:
        job_id = bench.submit()
        bench.work()
        bench.provider.result(job_id)
        cloud.credentials["dwave"] = "another"
        with pytest.raises(ProviderError) as caught:
            bench.submit()
    assert ears.heard
    assert not [line for line in ears.heard if HIDDEN in line]
    assert HIDDEN not in f"{caught.value!r} {caught.getrepr(style='long')}"
    assert HIDDEN not in repr(vars(bench.provider))


def test_a_new_credential_works_at_once(bench: StageBench, cloud: Cloud, tmp_path: Path) -> None:
    assert bench.submit()
    cloud.credentials["dwave"] = "token-after"
    kept(tmp_path, "dwave", {"token": "token-after"})
    assert bench.submit()
