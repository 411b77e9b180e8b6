"""The Braket adapter, through the real boto3, against the stage on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from hybridops.domain.errors import ProviderError, ProviderRefused
from hybridops.domain.ports import Program, RemoteState
from hybridops.providers import braket_words as words
from hybridops.providers.braket import Braket
from hybridops.providers.conformance import (
    CHECKS,
    check_backends_describe_themselves,
    check_order_of_bits,
    check_result_adds_up,
)
from hybridops.providers.conformance_bench import CIRCUIT, Bench
from hybridops.providers.conformance_remote import HASTY_SECONDS, REMOTE_CHECKS, StageBench
from hybridops.providers.fakecloud.cloud import Cloud
from tests.providers.stage import HIDDEN, NOWHERE, PUBLIC, Naps, fresh, kept, listening, named, stage

botocore = pytest.importorskip(
    "botocore", reason="boto3 is not installed: pip install -r requirements/dev.txt"
)

KEYS = {"access_key_id": PUBLIC, "secret_access_key": HIDDEN}
OPERATIONS = {"submit": "CreateQuantumTask", "poll": "GetQuantumTask", "cancel": "CancelQuantumTask"}
DEVICES = {"amazon/sv1": "us-east-1", "iqm/Garnet": "eu-north-1", "ionq/Forte-1": "us-east-1"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with stage(tmp_path_factory.mktemp("stage"), braket=PUBLIC) as made:
        yield made


@pytest.fixture
def cloud(served: Cloud) -> Cloud:
    return fresh(served, braket=PUBLIC)


def adapter(
    cloud: Cloud, folder: Path, naps: Naps, region: str = "us-east-1", seconds: float = 60.0, url: str = ""
) -> Braket:
    return Braket(
        secrets=kept(folder, "braket", KEYS),
        region=region,
        bucket="amazon-braket-results",
        endpoint=f"{url or cloud.url}/braket",
        s3_endpoint=f"{url or cloud.url}/s3",
        timeout_seconds=seconds,
        pause=naps.pause,
    )


@pytest.fixture
def bench(cloud: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> StageBench:
    name, naps = getattr(request, "param", "amazon/sv1"), Naps()
    return StageBench(
        adapter(cloud, tmp_path, naps, DEVICES[name]),
        cloud.finish_all,
        name,
        secrets=(HIDDEN,),
        cloud=cloud,
        vendor="braket",
        operations=OPERATIONS,
        hasty=adapter(cloud, tmp_path, Naps(), DEVICES[name], HASTY_SECONDS),
        nowhere=adapter(cloud, tmp_path, Naps(), url=NOWHERE),
        naps=naps.taken,
        code="Device calibration failed",
    )


@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_conformance(bench: StageBench, check: Callable[[Bench], None]) -> None:
    check(bench)


@pytest.mark.slow  # the devices compile on their side
@pytest.mark.parametrize("bench", ["iqm/Garnet", "ionq/Forte-1"], indirect=True)
def test_conformance_of_devices(bench: StageBench) -> None:
    for check in (check_backends_describe_themselves, check_result_adds_up, check_order_of_bits):
        check(bench)


@pytest.mark.parametrize("check", REMOTE_CHECKS, ids=named)
def test_troubles(bench: StageBench, check: Callable[[StageBench], None]) -> None:
    check(bench)


def shapes() -> dict[str, dict]:
    return botocore.session.get_session().get_service_model("braket")._service_description["shapes"]


def test_every_state_of_the_sdk_has_a_meaning() -> None:
    assert set(words.STATES) == set(shapes()["QuantumTaskStatus"]["enum"])


def test_every_error_of_the_sdk_has_a_meaning() -> None:
    named_there = {name for name, shape in shapes().items() if shape.get("exception")}
    assert named_there <= set(words.ERRORS)


def test_a_new_word_ends_nothing() -> None:
    told = words.remote_job({"quantumTaskArn": "arn:aws:braket:::t", "status": "WARMING_UP"})
    assert told.state == RemoteState.UNKNOWN
    assert told.raw_status == "WARMING_UP"


def test_no_credential_in_logs_and_reprs(bench: StageBench, cloud: Cloud) -> None:
    with listening() as ears:
        job_id = bench.submit()
        bench.work()
        bench.provider.result(job_id)
        cloud.credentials["braket"] = "another"
        with pytest.raises(ProviderError) as caught:
            bench.submit()
    assert ears.heard
    assert not [line for line in ears.heard if HIDDEN in line]
    assert HIDDEN not in f"{caught.value!r} {caught.getrepr(style='long')}"
    assert HIDDEN not in repr(vars(bench.provider))


def test_a_new_credential_works_at_once(bench: StageBench, cloud: Cloud, tmp_path: Path) -> None:
    assert bench.submit()
    cloud.credentials["braket"] = "caller-after"
    kept(tmp_path, "braket", {**KEYS, "access_key_id": "caller-after"})
    assert bench.submit()


def test_without_a_credential_nothing_is_sent(bench: StageBench, cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "braket").unlink()
    with pytest.raises(ProviderRefused, match="braket cannot be read") as caught:
        bench.provider.backends()
    assert caught.value.kind == "auth"
    assert not cloud.requests


def test_a_key_used_for_another_body_leads_to_the_first_task(bench: StageBench) -> None:
    key = str(uuid4())
    job_id = bench.submit(key)
    assert bench.submit(key, shots=7) == job_id


def test_jobs_outlive_the_stage(tmp_path: Path) -> None:
    with stage(tmp_path, braket=PUBLIC) as cloud:
        job_id = Bench(adapter(cloud, tmp_path, Naps()), cloud.finish_all, "amazon/sv1").submit()
    with stage(tmp_path, braket=PUBLIC) as again:
        other = adapter(again, tmp_path, Naps())
        assert [job.job_id for job in other.poll([job_id])] == [job_id]


def test_bits_are_qubits_whatever_the_order_of_the_measurement(bench: StageBench) -> None:
    circuit = CIRCUIT.replace("c[0] = measure q[0];", "c[2] = measure q[0];").replace(
        "c[2] = measure q[2];", "c[0] = measure q[2];"
    )
    program = bench.provider.compile(circuit, bench.target(), seed=1)
    job_id = bench.provider.submit(program, shots=50, seed=1, key=str(uuid4()))
    bench.work()
    assert all(bits[2] == "1" for bits in bench.provider.result(job_id).counts)
    assert "cnot" in program.text
    assert "include" not in program.text


def test_what_was_changed_is_not_sent(bench: StageBench, cloud: Cloud) -> None:
    good = bench.program()
    values = {name: getattr(good, name) for name in Program.__slots__} | {"text": good.text + " "}
    with pytest.raises(ProviderRefused, match="not what was compiled") as caught:
        bench.provider.submit(Program(**values), shots=1, seed=1, key="k")
    assert caught.value.kind == "invalid_program"
    assert not cloud.requests["braket.CreateQuantumTask"]


def test_devices_tell_their_calibration(bench: StageBench, cloud: Cloud, tmp_path: Path) -> None:
    found = {one.name: one for one in adapter(cloud, tmp_path, Naps(), "eu-north-1").backends()}
    garnet = found["iqm/Garnet"]
    assert (garnet.kind, garnet.region, garnet.qubits) == ("qpu", "eu-north-1", 20)
    assert garnet.calibrated_at < datetime.now(UTC)
    assert 0 < garnet.calibration["two_qubit_error"] < 0.1
    assert 0 < garnet.calibration["readout_error"] < 0.2
    assert found["amazon/sv1"].region == "eu-north-1"
    assert "ionq/Forte-1" not in found


@pytest.mark.parametrize(
    ("message", "kind"), [("Spending limit exceeded", "budget"), ("Bad program", "invalid_program")]
)
def test_a_spending_limit_is_no_bad_program(bench: StageBench, message: str, kind: str) -> None:
    answer = {"Error": {"Code": "ValidationException", "Message": message}, "ResponseMetadata": {}}
    assert bench.provider._meant(answer, submits=True).kind == kind
