"""The IonQ adapter against the stage on loopback; its tables against ionq-core, made from IonQ's own OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hybridops.domain.errors import ProviderError
from hybridops.domain.ports import RemoteState
from hybridops.providers import ionq_words as words
from hybridops.providers import qasm
from hybridops.providers.conformance import (
    CHECKS,
    check_backends_describe_themselves,
    check_order_of_bits,
    check_result_adds_up,
    check_usage,
)
from hybridops.providers.conformance_bench import CIRCUIT, Bench
from hybridops.providers.conformance_remote import HASTY_SECONDS, REMOTE_CHECKS, StageBench
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.ionq import IonQ
from hybridops.providers.sampling import sample_ideal
from tests.providers.stage import HIDDEN, NOWHERE, Naps, fresh, kept, listening, named, stage

pytest.importorskip("httpx", reason="httpx is not installed: pip install -r requirements/dev.txt")

OPERATIONS = {"submit": "create", "poll": "job", "cancel": "cancel"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with stage(tmp_path_factory.mktemp("stage"), ionq=HIDDEN) as made:
        yield made


@pytest.fixture
def cloud(served: Cloud) -> Cloud:
    return fresh(served, ionq=HIDDEN)


def adapter(cloud: Cloud, folder: Path, naps: Naps, seconds: float = 60.0, url: str = "") -> IonQ:
    return IonQ(
        secrets=kept(folder, "ionq", {"token": HIDDEN}),
        endpoint=f"{url or cloud.url}/ionq/v0.4",
        timeout_seconds=seconds,
        pause=naps.pause,
    )


@pytest.fixture
def bench(cloud: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> StageBench:
    naps = Naps()
    return StageBench(
        adapter(cloud, tmp_path, naps),
        cloud.finish_all,
        getattr(request, "param", "simulator"),
        secrets=(HIDDEN,),
        cloud=cloud,
        vendor="ionq",
        operations=OPERATIONS,
        hasty=adapter(cloud, tmp_path, Naps(), HASTY_SECONDS),
        nowhere=adapter(cloud, tmp_path, Naps(), url=NOWHERE),
        naps=naps.taken,
        code="QuantumComputerError",
    )


@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_conformance(bench: StageBench, check: Callable[[Bench], None]) -> None:
    check(bench)


@pytest.mark.slow  # the QPU compiles on its side
@pytest.mark.parametrize("bench", ["qpu.forte-1"], indirect=True)
def test_conformance_of_the_qpu(bench: StageBench) -> None:
    for check in (check_backends_describe_themselves, check_result_adds_up, check_order_of_bits, check_usage):
        check(bench)


@pytest.mark.parametrize("check", REMOTE_CHECKS, ids=named)
def test_troubles(bench: StageBench, check: Callable[[StageBench], None]) -> None:
    check(bench)


def test_every_state_and_code_of_the_api_has_a_meaning() -> None:
    states = pytest.importorskip("ionq_core.models.job_status", reason="ionq-core is not installed")
    codes = pytest.importorskip("ionq_core.models.failure_code")
    assert set(words.STATES) == states.JOB_STATUS_VALUES
    assert set(words.FAILURES) == codes.FAILURE_CODE_VALUES


def test_a_new_word_ends_nothing() -> None:
    told = words.remote_job({"id": "j", "status": "cooling"})
    assert (told.state, told.raw_status) == (RemoteState.UNKNOWN, "cooling")


@pytest.mark.parametrize(("code", "kind"), [("NotEnoughQubits", "too_large"), ("BrandNew", "provider_fault")])
def test_failures(bench: StageBench, code: str, kind: str) -> None:
    job_id = bench.taken("fails", code=code)
    bench.work()
    assert bench.look(job_id).error_kind == kind


def test_find_reads_further_than_one_page(bench: StageBench, cloud: Cloud) -> None:
    key = str(uuid4())
    job_id = bench.submit(key)
    for _ in range(101):
        cloud.take(
            "ionq",
            "simulator",
            dict(cloud.jobs.get("ionq", job_id).request, metadata=None),
            fault=None,
            runs_seconds=1.0,
        )
    found = bench.provider.find(key)
    assert found is not None
    assert found.job_id == job_id


def test_rzz_is_written_in_gates_that_the_library_has() -> None:
    text = "OPENQASM 3.0; qubit[2] q; bit[2] c; h q[0]; h q[1]; rzz(0.7) q[0], q[1]; h q[0]; h q[1]; c = measure q;"
    circuit = qasm.parse(text)
    plain = words.without_rzz(circuit)
    assert {gate.name for gate in plain.gates} == {"h", "cx", "rz"}
    assert sample_ideal(plain, shots=500, seed=3) == sample_ideal(circuit, shots=500, seed=3)


@pytest.mark.parametrize("bench", ["qpu.forte-1"], indirect=True)
def test_the_expected_success_follows_the_characterization(bench: StageBench) -> None:
    target, program = bench.target(), bench.program()
    told = target.calibration
    want = (
        (1 - told["one_qubit_error"]) ** 2 * (1 - told["two_qubit_error"]) * (1 - told["readout_error"]) ** 3
    )
    assert program.fidelity == pytest.approx(want)
    assert program.duration_seconds > 0
    assert bench.provider.compile(CIRCUIT, bench.provider.backends()[0], seed=1).fidelity is None


def test_no_credential_in_logs_and_reprs(bench: StageBench, cloud: Cloud) -> None:
    with listening() as ears:
        job_id = bench.submit()
        bench.work()
        bench.provider.result(job_id)
        cloud.credentials["ionq"] = "another"
        with pytest.raises(ProviderError) as caught:
            bench.submit()
    assert ears.heard
    assert not [line for line in ears.heard if HIDDEN in line]
    assert HIDDEN not in f"{caught.value!r} {caught.getrepr(style='long')}"
    assert HIDDEN not in repr(vars(bench.provider))


def test_a_new_credential_works_at_once(bench: StageBench, cloud: Cloud, tmp_path: Path) -> None:
    assert bench.submit()
    cloud.credentials["ionq"] = "key-after"
    kept(tmp_path, "ionq", {"token": "key-after"})
    assert bench.submit()
