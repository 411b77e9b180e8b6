"""The small world with circuit sampling in it, on a provider that samples any of its circuits exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import override_settings

from hybridops.backends.services import observe
from hybridops.domain.ports import Program, SampleSet
from hybridops.engine import intake, wiring
from hybridops.engine.builtin import document
from hybridops.engine.inline import drive
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.providers import qasm
from hybridops.providers.sampling import sample_ideal
from tests.web.ideal import JOBS, Ideal
from tests.world import PRICES, World, publish, submit


class Exact(Ideal):
    """The ideal provider of these tests, for every gate that providers read."""

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        job = f"job-{key[:8]}"
        if job not in JOBS:
            counts, _ = sample_ideal(qasm.parse(program.text), shots=shots, seed=seed)
            JOBS[job] = (key, SampleSet(counts, shots, shots, program.backend, "c" * 64, 0.4, {}), 0)
        return job


@contextmanager
def exact_provider() -> Iterator[None]:
    """`local` is the exact provider, whatever else is configured."""
    providers = {**settings.PROVIDERS, "local": ("tests.web.circuits_world:Exact", {})}
    with override_settings(PROVIDERS=providers):
        wiring.provider.cache_clear()
        yield
    wiring.provider.cache_clear()


def add_circuits(world: World, key: str) -> DataSnapshot:
    """Signs circuit sampling and its prices, shows its backends, and adds an installed circuit."""
    publish(document("circuits"), "workflow")
    book = document("pricebook")
    publish({**book, "version": 2, "rules": [*book["rules"], *PRICES["rules"]]}, "pricebook")
    observe(Exact().backends())
    return intake.add_builtin(user=world.ines, project_id=world.project.pk, workflow_name="circuits", key=key)


def circuit_run(world: World, snapshot: DataSnapshot, **changes: Any) -> Run:
    """A run as Ines submits it, driven until it waits for a person or ends."""
    wanted = {
        "workflow": "circuits",
        "priority_class": "research",
        "anyway": "to see how near the device comes",
        "snapshot_id": snapshot.pk,
        "parameters": {"shots": 512, "fidelity_min": 0.8},
        "title": "Five in one state",
        "backend": "heron-torino",
    }
    run = submit(world, **{**wanted, **changes})
    drive(run.pk)
    return Run.objects.get(pk=run.pk)
