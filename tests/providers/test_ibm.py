"""The IBM adapter, through qiskit-ibm-runtime's own REST client, against the stage on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hybridops.domain.errors import BadInput, ProviderError, ProviderRefused
from hybridops.domain.ports import Program, RemoteState
from hybridops.providers import devices, layouts
from hybridops.providers import ibm_words as words
from hybridops.providers.conformance import CHECKS, CIRCUIT, Bench
from hybridops.providers.conformance_remote import HASTY_SECONDS, REMOTE_CHECKS, StageBench
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.ibm import IBM
from tests.providers.stage import HIDDEN, NOWHERE, Naps, fresh, kept, listening, named, stage

pytest.importorskip("qiskit_ibm_runtime", reason="qiskit-ibm-runtime is not installed")

INSTANCE = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"
OPERATIONS = {"submit": "create", "poll": "job", "cancel": "cancel"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with stage(tmp_path_factory.mktemp("stage"), ibm=HIDDEN) as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One quick transpilation, and no look through the call stack for IBM's statistics at every request."""
    monkeypatch.setenv("USAGE_DATA_OPT_OUT", "True")
    monkeypatch.setattr(layouts, "TRIES", 1)
    monkeypatch.setattr(layouts, "LEVEL", 1)


@pytest.fixture
def cloud(served: Cloud) -> Cloud:
    return fresh(served, ibm=HIDDEN)


def adapter(cloud: Cloud, folder: Path, naps: Naps, seconds: float = 60.0, url: str = "") -> IBM:
    return IBM(
        secrets=kept(folder, "ibm", {"token": HIDDEN}),
        instance=INSTANCE,
        backends=["ibm_torino"],
        endpoint=f"{url or cloud.url}/ibm/api/v1",
        iam=f"{url or cloud.url}/ibm",
        timeout_seconds=seconds,
        pause=naps.pause,
    )


@pytest.fixture
def bench(cloud: Cloud, tmp_path: Path) -> StageBench:
    naps = Naps()
    return StageBench(
        adapter(cloud, tmp_path, naps),
        cloud.finish_all,
        "ibm_torino",
        secrets=(HIDDEN,),
        cloud=cloud,
        vendor="ibm",
        operations=OPERATIONS,
        hasty=adapter(cloud, tmp_path, Naps(), HASTY_SECONDS),
        nowhere=adapter(cloud, tmp_path, Naps(), url=NOWHERE),
        naps=naps.taken,
        code="1010",
    )


@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_conformance(bench: StageBench, check: Callable[[Bench], None]) -> None:
    check(bench)


@pytest.mark.parametrize("check", REMOTE_CHECKS, ids=named)
def test_troubles(bench: StageBench, check: Callable[[StageBench], None]) -> None:
    check(bench)


def test_every_state_of_the_sdk_has_a_meaning() -> None:
    from qiskit_ibm_runtime.runtime_job_v2 import API_TO_JOB_STATUS

    assert set(API_TO_JOB_STATUS) <= set(words.STATES)


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("Completed", None, RemoteState.COMPLETED),
        ("Cancelled", None, RemoteState.CANCELLED),
        ("Cancelled", 1305, RemoteState.FAILED),
        ("Cancelled - Ran too long", None, RemoteState.FAILED),
        ("Thawing", None, RemoteState.UNKNOWN),
    ],
)
def test_states(status: str, code: int | None, state: RemoteState) -> None:
    told = words.remote_job({"id": "j", "state": {"status": status, "reason_code": code}})
    assert (told.state, told.raw_status) == (state, status)


def test_a_job_that_ran_too_long_has_failed(bench: StageBench) -> None:
    job_id = bench.taken("fails", code="1305")
    bench.work()
    told = bench.look(job_id)
    assert (told.state, told.error_kind) == (RemoteState.FAILED, "timeout")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500, 503])
def test_every_status_has_a_kind(status: int) -> None:
    found = words.STATUSES.get(status, words.fault(status))
    assert found.kind
    assert found.certain == (status < 500 and status != 418)


def test_tags_carry_the_calibration_and_are_short() -> None:
    digest = "0f" * 32
    tags = words.tags("a-key", digest)
    assert words.calibration_of(list(reversed(tags))) == digest
    assert max(map(len, tags)) <= 24
    assert words.calibration_of(["something else"]) == ""


def test_no_credential_in_logs_and_reprs(bench: StageBench, cloud: Cloud, tmp_path: Path) -> None:
    with listening() as ears:
        job_id = bench.submit()
        bench.work()
        bench.provider.result(job_id)
        cloud.credentials["ibm"] = "another"
        with pytest.raises(ProviderError) as caught:
            bench.submit()
        with pytest.raises(ProviderError) as afresh:
            adapter(cloud, tmp_path, Naps()).backends()
    assert ears.heard
    assert not [line for line in ears.heard if HIDDEN in line]
    for problem in (caught, afresh):
        assert HIDDEN not in f"{problem.value!r} {problem.getrepr(style='long')}"
    assert HIDDEN not in repr(vars(bench.provider))


def test_a_new_credential_works_at_once(bench: StageBench, cloud: Cloud, tmp_path: Path) -> None:
    assert bench.submit()
    cloud.credentials["ibm"] = "key-after"
    kept(tmp_path, "ibm", {"token": "key-after"})
    assert bench.submit()


def test_what_is_sent_is_what_was_compiled(bench: StageBench, cloud: Cloud) -> None:
    program = bench.program()
    job_id = bench.provider.submit(program, shots=20, seed=1, key="k")
    job = cloud.jobs.get("ibm", job_id)
    assert job.request["params"]["pubs"][0][0] == program.text
    assert program.fidelity


def test_a_record_without_its_table_cannot_be_compiled_for(bench: StageBench) -> None:
    from dataclasses import replace

    with pytest.raises(BadInput, match="no calibration"):
        bench.provider.compile(CIRCUIT, replace(bench.target(), calibration={}), seed=1)


def test_the_record_gives_the_machine_back() -> None:
    machine = devices.device("heron-torino")
    again = devices.from_table(machine.name, machine.table())
    assert (again.qubits, again.couplers, again.calibrated_at) == (
        machine.qubits,
        machine.couplers,
        machine.calibrated_at,
    )


def test_what_was_changed_is_not_sent(bench: StageBench, cloud: Cloud) -> None:
    good = bench.program()
    values = {name: getattr(good, name) for name in Program.__slots__} | {"text": good.text + " "}
    with pytest.raises(ProviderRefused, match="not what was compiled"):
        bench.provider.submit(Program(**values), shots=1, seed=1, key="k")
    assert not cloud.requests["ibm.create"]


def test_without_an_address_it_is_ibm_s_own(tmp_path: Path) -> None:
    provider = IBM(secrets=kept(tmp_path, "ibm", {"token": HIDDEN}), instance=INSTANCE)
    assert provider._api().session.base_url == "https://quantum.cloud.ibm.com/api/v1"


def test_the_large_pages_are_not_asked_for_at_every_look(bench: StageBench, cloud: Cloud) -> None:
    for _ in range(3):
        bench.provider.backends()
    assert cloud.requests["ibm.backends"] == 3
    assert cloud.requests["ibm.properties"] == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sdk_s_own_sampler_plays_here_too(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """QiskitRuntimeService and SamplerV2 as they are, but for the search of instances, which has an address of its own."""
    from qiskit import QuantumCircuit
    from qiskit.transpiler import generate_preset_pass_manager
    from qiskit_ibm_runtime import QiskitRuntimeService, SamplerV2

    class Service(QiskitRuntimeService):
        def instances(self) -> list[dict[str, object]]:
            return [
                {"crn": INSTANCE, "plan": "open", "name": "rehearsal", "tags": [], "pricing_type": "free"}
            ]

    monkeypatch.setenv("IAM_URL", f"{cloud.url}/ibm")
    service = Service(
        channel="ibm_quantum_platform",
        token=HIDDEN,
        instance=INSTANCE,
        url="https://rehearsal.example",
        url_resolver=lambda *_: f"{cloud.url}/ibm/api/v1",
    )
    backend = service.backend("ibm_torino")
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    placed = generate_preset_pass_manager(1, backend=backend, seed_transpiler=1).run(circuit)
    job = SamplerV2(backend).run([placed], shots=300)
    assert job.status() == "QUEUED"
    cloud.finish_all()
    assert job.status() == "DONE"
    counts = job.result()[0].data.meas.get_counts()
    assert sum(counts.values()) == 300
    assert counts["011"] > 150
    assert job.usage() > 0
