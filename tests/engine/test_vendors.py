"""A vendor's adapter in the engine: a whole run over the stage with a lost answer, and reasons in words where a
provider cannot be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from hybridops.backends import services as backends
from hybridops.domain.errors import BadInput, ProviderRefused
from hybridops.domain.ports import StepInput, StepOutput
from hybridops.domain.states import RunState, SubmissionState
from hybridops.engine import poll, vendors, wiring
from hybridops.engine.inline import ask_providers, drive
from hybridops.providers.conformance import CIRCUIT
from hybridops.providers.fakecloud import faults
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.trust.canonical import digest
from hybridops.web.viewmodels.machine import calibration
from tests.engine.fake import Fake
from tests.engine.test_run import decide
from tests.providers.stage import HIDDEN, PUBLIC, kept, stage
from tests.world import World, submit

BRAKET = "hybridops.providers.braket:Braket"


def configure(monkeypatch: pytest.MonkeyPatch, home: Path, path: str, **options: object) -> None:
    """The provider "scripted" becomes this one, with its secret in a folder."""
    for name in ("braket", "scripted"):
        kept(home, name, {"access_key_id": PUBLIC, "secret_access_key": HIDDEN, "token": PUBLIC})
    monkeypatch.setattr(settings, "PROVIDERS", {"scripted": (path, options)})
    secrets = ("hybridops.providers.secrets:Files", {"folder": home / "secrets"})
    monkeypatch.setattr(settings, "SECRETS", secrets)
    vendors.secrets.cache_clear()
    wiring.provider.cache_clear()


@pytest.fixture(autouse=True)
def _no_secrets_after() -> Iterator[None]:
    yield
    vendors.secrets.cache_clear()


COST = b'{"linear":[-4,1,5],"offset":1.5,"quadratic":[[0,1,-2],[1,2,1]]}'


def encode(given: StepInput) -> StepOutput:
    summary = {"circuit": {"qubits": 3, "template_digest": digest(b"template")}, "angles": {"gamma": [0.1]}}
    return StepOutput(summary, {"circuit": CIRCUIT.encode(), "cost": COST})


# Vendor → the module that its client needs, its adapter, its options on the stage, its operation, what it offers.
VENDORS = {
    "braket": ("boto3", BRAKET, {"bucket": "results", "endpoint": "{url}/braket", "s3_endpoint": "{url}/s3"}, "CreateQuantumTask", "amazon/sv1"),
    "ibm": ("qiskit_ibm_runtime", "hybridops.providers.ibm:IBM", {"instance": "crn:v1:a", "endpoint": "{url}/ibm/api/v1", "iam": "{url}/ibm"}, "create", "ibm_torino"),
    "ionq": ("httpx", "hybridops.providers.ionq:IonQ", {"endpoint": "{url}/ionq/v0.4"}, "create", "simulator"),
    "dwave": ("minorminer", "hybridops.providers.dwave:DWave", {"endpoint": "{url}/dwave/sapi/v2", "folder": "{folder}"}, "submit", "Advantage_rehearsal1.1"),
}  # fmt: skip


@pytest.fixture
def cloud(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Cloud]:
    """One vendor of the stage as the world's provider, and none of its scripted backends open."""
    vendor = getattr(request, "param", "braket")
    package, path, options, _, backend = VENDORS[vendor]
    pytest.importorskip(package, reason=f"{package} is not installed: pip install -r requirements/dev.txt")
    monkeypatch.setitem(Fake.steps, "encode", encode)  # type: ignore[arg-type]
    with stage(tmp_path, **{vendor: PUBLIC}) as made:
        there = {name: text.format(url=made.url, folder=tmp_path) for name, text in options.items()}
        only = {"backends": [backend]} if vendor != "braket" else {}
        configure(monkeypatch, tmp_path, path, region="here", secret="scripted", **there, **only)
        backends.close("scripted")
        poll.observe("scripted")
        yield made


@pytest.mark.slow  # real clients, and their imports
@pytest.mark.parametrize("cloud", VENDORS, indirect=True)
def test_a_run_over_a_vendor_whose_answer_is_lost(
    world: World, cloud: Cloud, request: pytest.FixtureRequest
) -> None:
    """Whatever the vendor: the job is found by its key, there is one, and it is billed once."""
    vendor = request.node.callspec.params["cloud"]
    run = submit(world, parameters={"rounds": 1})
    assert drive(run.pk).state == RunState.AWAITING_APPROVAL
    decide(world, run)
    cloud.script.add(faults.Fault(faults.LOST, f"{vendor}.{VENDORS[vendor][3]}"))
    states = set()
    for _ in range(12):
        drive(run.pk)
        states |= set(run.submissions.values_list("state", flat=True))
        cloud.clock.advance(60.0)
        ask_providers(run.pk)
    run.refresh_from_db()
    assert SubmissionState.UNKNOWN in states, "the answer was not lost"
    assert run.outcome == RunState.ACCEPTED, run.why
    (row,) = run.submissions.all()
    assert len(cloud.jobs.all(vendor)) == 1, "it was sent twice"
    assert row.backend == VENDORS[vendor][4]
    assert row.settled
    assert row.cost_micro == 300_000 + 10_000 * row.shots
    assert row.shots_done == row.shots
    shown = calibration(backends.snapshot(row.snapshot), "")
    assert shown is not None
    assert shown.note


def test_a_credential_that_ends_closes_the_backends(
    world: World, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    assert [one.name for one in backends.known() if one.available] == ["amazon/sv1"]
    cloud.credentials["braket"] = "another"
    poll.observe("scripted")
    assert not [one for one in backends.known() if one.available]
    assert "scripted could not be looked at" in caplog.text
    cloud.credentials["braket"] = PUBLIC
    poll.observe("scripted")
    assert [one.name for one in backends.known() if one.available] == ["amazon/sv1"]


def test_a_vendor_that_does_not_answer_stays_as_it_was(world: World, cloud: Cloud) -> None:
    cloud.script.add(faults.Fault(faults.BROKEN, "braket.SearchDevices"))
    poll.observe("scripted")
    assert [one.name for one in backends.known() if one.available] == ["amazon/sv1"]


def listing() -> str:
    out = StringIO()
    call_command("providers", stdout=out, no_color=True)
    return out.getvalue()


def test_a_missing_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {"hybridops.providers.braket": ("braket", ("boto3_that_nobody_has", "json"))}
    monkeypatch.setattr(vendors, "PACKAGES", needs)
    configure(monkeypatch, tmp_path, BRAKET, region="here", bucket="b")
    why = "Not installed: boto3_that_nobody_has; start with HYBRIDOPS_REQUIREMENTS=vendors"
    assert why in listing()
    with pytest.raises(ProviderRefused, match="install the extra braket") as caught:
        wiring.provider("scripted")
    assert caught.value.kind == "unavailable"


@pytest.mark.django_db
def test_a_provider_that_cannot_be_asked_is_closed_and_its_poll_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backends.observe(wiring.provider("scripted").backends())
    monkeypatch.setattr(vendors, "PACKAGES", {"hybridops.providers.braket": ("braket", ("nobody_has_it",))})
    configure(monkeypatch, tmp_path, BRAKET, region="here", bucket="b")
    poll.observe("scripted")
    poll.poll("scripted")
    assert not [one for one in backends.known() if one.available]
    assert "install the extra braket" in caplog.text


def test_a_missing_secret_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3", reason="boto3 is not installed: pip install -r requirements/dev.txt")
    configure(monkeypatch, tmp_path, BRAKET, region="here", bucket="b", secret="aws-eu")
    assert "unavailable: The secret aws-eu cannot be read" in listing()
    configure(monkeypatch, tmp_path, BRAKET, region="here", bucket="b")
    assert "ready" in listing()


@pytest.mark.parametrize("options", [{"region": "here"}, {"region": "here", "bucket": "b", "speed": 3}])
def test_wrong_options_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict) -> None:
    pytest.importorskip("boto3", reason="boto3 is not installed: pip install -r requirements/dev.txt")
    configure(monkeypatch, tmp_path, BRAKET, **options)
    assert "configured wrongly" in listing()
    with pytest.raises(BadInput, match=r"docs/providers\.md"):
        wiring.provider("scripted")


def test_the_built_in_ones_need_nothing() -> None:
    assert "LocalSimulator" in listing()
    assert vendors.why_not("local") == ""
