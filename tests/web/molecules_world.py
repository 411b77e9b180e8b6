"""The small world with molecules in it, on a provider that samples every set of values of a template exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import override_settings

from hybridops.domain.ports import Capability, Program, SampleSet
from hybridops.engine import wiring
from hybridops.engine.inline import drive
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.providers import qasm
from hybridops.providers.sampling import sample_ideal
from tests.web.ideal import JOBS, Ideal
from tests.world import World, submit


class Bound(Ideal):
    """The ideal provider of these tests, for templates."""

    capabilities = Ideal.capabilities | {Capability.BINDINGS}

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        job = f"job-{key[:8]}"
        if job not in JOBS:
            template = qasm.parse(program.text)
            parts = [
                sample_ideal(qasm.bind(template, values), shots=shots, seed=seed + number)[0]
                for number, values in enumerate(program.bindings)
            ]
            counts, done = dict(sum(map(Counter, parts), Counter())), shots * len(parts)
            JOBS[job] = (key, SampleSet(counts, done, done, program.backend, "c" * 64, 0.4, {}, parts), 0)
        return job


@contextmanager
def bound_provider() -> Iterator[None]:
    """`local` is that provider, whatever else is configured."""
    providers = {**settings.PROVIDERS, "local": ("tests.web.molecules_world:Bound", {})}
    with override_settings(PROVIDERS=providers):
        wiring.provider.cache_clear()
        JOBS.clear()
        yield
    wiring.provider.cache_clear()


def molecule_run(world: World, snapshot: DataSnapshot, **changes: Any) -> Run:
    """A run as Ines submits it, driven until it waits for a person or ends."""
    wanted = {
        "workflow": "molecules",
        "priority_class": "research",
        "anyway": "to see how near the device comes",
        "snapshot_id": snapshot.pk,
        "parameters": {"shots": 8192, "submissions": 6, "start": "hartree_fock"},
        "title": "Two protons",
        "backend": "heron-torino",
    }
    run = submit(world, **{**wanted, **changes})
    drive(run.pk)
    return Run.objects.get(pk=run.pk)
