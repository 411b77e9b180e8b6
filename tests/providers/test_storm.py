"""Many submissions in bad weather, with every vendor's client: none is made twice, none that was taken is lost."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hybridops.domain.errors import ProviderRefused, ProviderUnclear
from hybridops.domain.ports import Capability, Program, Provider
from hybridops.providers.conformance import CIRCUIT
from hybridops.providers.fakecloud import faults, rehearsal
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.faults import Fault
from tests.long import LONG
from tests.providers.stage import Naps, kept, stage

pytestmark = pytest.mark.slow  # real clients, some of which wait for answers that do not come

COST = '{"linear":[-4,1,5],"offset":1.5,"quadratic":[[0,1,-2],[1,2,1]]}'
WEATHER = (None, None, faults.LOST, faults.BROKEN, faults.HANG, faults.THROTTLED, faults.MAINTENANCE)
SUBMISSIONS = 250 if LONG else 25
WAITS_SECONDS, HANGS_SECONDS, RETRY_SECONDS = 0.3, 0.5, 0.01
# Vendor → its client's module, its adapter, its options, its operation, what it compiles.
VENDORS: dict[str, tuple[str, str, Callable[[str, Path], dict[str, Any]], str, str]] = {
    "braket": (
        "boto3", "braket:Braket",
        lambda url, _: {"region": "us-east-1", "bucket": "results", "endpoint": f"{url}/braket", "s3_endpoint": f"{url}/s3"},
        "CreateQuantumTask", CIRCUIT,
    ),
    "ibm": (
        "qiskit_ibm_runtime", "ibm:IBM",
        lambda url, _: {"instance": "crn:v1:a", "endpoint": f"{url}/ibm/api/v1", "iam": f"{url}/ibm"},
        "create", CIRCUIT,
    ),
    "ionq": ("httpx", "ionq:IonQ", lambda url, _: {"endpoint": f"{url}/ionq/v0.4"}, "create", CIRCUIT),
    "dwave": (
        "minorminer", "dwave:DWave",
        lambda url, folder: {"endpoint": f"{url}/dwave/sapi/v2", "folder": folder},
        "submit", COST,
    ),
}  # fmt: skip


def made(vendor: str, cloud: Cloud, folder: Path) -> tuple[Provider, Program]:
    """The vendor's adapter, which has looked around in good weather, and a program for it."""
    package, path, options, _, text = VENDORS[vendor]
    pytest.importorskip(package, reason=f"{package} is not installed: pip install -r requirements/dev.txt")
    module, _, name = path.partition(":")
    word = rehearsal.WORD
    secrets = kept(folder, vendor, {"token": word, "access_key_id": word, "secret_access_key": word})
    kind = getattr(importlib.import_module(f"hybridops.providers.{module}"), name)
    where = options(cloud.url, folder / "kept")
    calm = kind(secrets=secrets, **where)
    program = calm.compile(text, calm.backends()[0], seed=1)
    hasty = kind(secrets=secrets, timeout_seconds=WAITS_SECONDS, pause=Naps().pause, **where)
    hasty._listed = calm._listed
    return hasty, program


def sent(provider: Provider, program: Program, key: str) -> str | None:
    """The job of a key as the engine comes by it: told, found, or sent again where that makes no second one."""
    try:
        return provider.submit(program, shots=10, seed=1, key=key)
    except ProviderRefused:
        return None
    except ProviderUnclear:
        pass
    found = provider.find(key)
    if found is not None:
        return found.job_id
    if Capability.IDEMPOTENT_SUBMIT in provider.capabilities:
        return provider.submit(program, shots=10, seed=1, key=key)
    return None


@pytest.mark.parametrize("vendor", VENDORS)
def test_none_is_lost_and_none_is_made_twice(vendor: str, tmp_path: Path) -> None:
    rng = random.Random(7)
    with stage(tmp_path, **rehearsal.CREDENTIALS) as cloud:
        provider, program = made(vendor, cloud, tmp_path)
        ids = []
        for _ in range(SUBMISSIONS):
            kind = rng.choice(WEATHER)
            if kind is not None:
                seconds = RETRY_SECONDS if kind == faults.THROTTLED else HANGS_SECONDS
                cloud.script.add(Fault(kind, f"{vendor}.{VENDORS[vendor][3]}", seconds=seconds))
            ids.append(sent(provider, program, str(uuid4())))
        known = [job_id for job_id in ids if job_id is not None]
        there = cloud.jobs.all(vendor)
    assert len(there) == len(known) == len(set(known))
    assert {job_id.rsplit("/", 1)[-1] for job_id in known} == {job.job_id for job in there}
    assert len(known) > SUBMISSIONS // 4
