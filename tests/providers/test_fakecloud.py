"""The stage itself: its script, its clock, its door, and the files that lead an installation to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from hybridops.config.providers import providers, secrets
from hybridops.domain.errors import BadInput
from hybridops.engine import vendors, wiring
from hybridops.providers.fakecloud import faults, rehearsal
from hybridops.providers.fakecloud.clock import Clock
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.faults import Fault, Script
from tests.providers.stage import stage

testing = pytest.importorskip("starlette.testclient", reason="starlette is not installed")
serve = pytest.importorskip("hybridops.providers.fakecloud.serve")


def make(folder: Path, **options: Any) -> Cloud:
    return Cloud(folder, credentials=rehearsal.CREDENTIALS, clock=Clock(moving=False), **options)


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return make(tmp_path)


@pytest.fixture
def door(cloud: Cloud) -> Any:
    return testing.TestClient(serve.app(cloud))


def test_a_script_counts() -> None:
    script = Script()
    script.add(Fault(faults.BROKEN, "ibm.*", key="needle", skip=1, times=2))
    asked = [("ibm.job", "needle"), ("ibm.job", "hay"), ("ionq.job", "needle")] + [
        ("ibm.create", "a needle")
    ] * 3
    happened = [script.next(*each) is not None for each in asked]
    assert happened == [False, False, False, True, True, False]


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(BadInput, match="no fault 'gremlin'"):
        Fault("gremlin")


def test_time_goes_forward() -> None:
    clock = Clock(moving=False)
    began = clock.now()
    clock.advance(5)
    assert clock.now() == began + 5
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)
    moving = Clock()
    assert moving.now() <= moving.now()


def taken(cloud: Cloud, **options: Any) -> Any:
    return cloud.take("ionq", "simulator", {"shots": 1}, **{"fault": None, "runs_seconds": 3.0, **options})


def test_two_rehearsals_wait_alike_and_another_seed_does_not(tmp_path: Path) -> None:
    waits = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        cloud = make(tmp_path / name, seed=seed, wait_seconds=10.0)
        jobs = [taken(cloud) for _ in range(20)]
        waits.append([round(job.starts_at - job.made_at, 3) for job in jobs])
    assert waits[0] == waits[1] != waits[2]
    assert min(waits[0]) > 0
    assert len(set(waits[0])) == 20


def test_a_job_s_phases_follow_the_clock(cloud: Cloud) -> None:
    job = taken(cloud)
    assert cloud.phase(job) == "queued"
    cloud.clock.advance(job.starts_at - job.made_at + 0.001)
    assert cloud.phase(job) == "running"
    cloud.clock.advance(3.0)
    assert cloud.phase(job) == "completed"
    assert not cloud.jobs.cancel(job, cloud.clock.now())


def test_a_token_names_one_job_and_a_restart_keeps_it(cloud: Cloud, tmp_path: Path) -> None:
    first = taken(cloud, token="t")
    assert taken(cloud, token="t").job_id == first.job_id
    assert taken(cloud).job_id != first.job_id
    again = make(tmp_path)
    assert taken(again, token="t").job_id == first.job_id
    assert len(again.jobs.all("ionq")) == 2


def test_the_door(cloud: Cloud, door: Any) -> None:
    job = taken(cloud)
    assert door.get("/control/jobs/ionq").json() == [{"id": job.job_id, "phase": "queued", "fault": ""}]
    assert door.post("/control/advance", json={"seconds": 1e6}).json()["now"] == cloud.clock.now()
    assert door.get("/control/jobs/ionq").json()[0]["phase"] == "completed"
    assert door.post("/control/faults", json={"kind": "broken", "on": "ionq.*"}).status_code == 201
    headers = {"Authorization": f"apiKey {rehearsal.WORD}"}
    asked = [door.get("/ionq/v0.4/backends", headers=headers).status_code for _ in range(2)]
    assert asked == [500, 200]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "gremlin"}),
        ("faults", {"kind": "broken", "speed": 3}),
        ("faults", []),
        ("advance", {"seconds": -1}),
        ("advance", {}),
    ],
)
def test_the_door_says_no(door: Any, path: str, body: object) -> None:
    answer = door.post(f"/control/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["problem"]


def test_ionq_estimates_a_job_s_cost(door: Any) -> None:
    headers = {"Authorization": f"apiKey {rehearsal.WORD}"}
    asked = {"backend": "qpu.forte-1", "shots": 1000, "1q_gates": 10, "2q_gates": 40}
    told = door.get("/ionq/v0.4/jobs/estimate", params=asked, headers=headers).json()
    assert told["estimated_total_cost"] == pytest.approx(1000 * (10 * 0.0001645 + 40 * 0.001121))
    small = door.get("/ionq/v0.4/jobs/estimate", params={**asked, "shots": 1}, headers=headers).json()
    assert small["estimated_total_cost"] == small["rate_card"]["job_cost_minimum"]


@pytest.mark.parametrize(
    "path",
    ["/ibm/api/v1/backends", "/ionq/v0.4/backends", "/dwave/sapi/v2/solvers/remote/", "/s3/bucket/key"],
)
def test_strangers_are_not_let_in(door: Any, path: str) -> None:
    assert door.get(path).status_code in (401, 403)


@pytest.fixture
def rehearsing(tmp_path: Path) -> Iterator[Cloud]:
    """An installation led to the stage by the files that `manage.py fakecloud` writes."""
    with stage(tmp_path, **rehearsal.CREDENTIALS) as made:
        file, place = rehearsal.write(tmp_path / "files", made.url)
        configured = providers([], str(file), tmp_path)
        with override_settings(PROVIDERS=configured, SECRETS=secrets(f"files:{place}", tmp_path)):
            vendors.secrets.cache_clear()
            wiring.provider.cache_clear()
            yield made
        vendors.secrets.cache_clear()
        wiring.provider.cache_clear()


@pytest.mark.slow  # imports every vendor's client
def test_the_files_lead_every_adapter_here(rehearsing: Cloud) -> None:
    assert set(settings.PROVIDERS) == set(rehearsal.CREDENTIALS)
    for key in settings.PROVIDERS:
        if why := vendors.why_not(key):
            pytest.skip(why)
        assert wiring.provider(key).backends(), key
