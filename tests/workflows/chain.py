"""Runs a family's steps as the engine does: artifacts by digest, summaries by stage key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from hybridops.domain.ports import SampleSet, StepInput, Workflow
from hybridops.solvers.ising import cost_diagonal, from_document
from hybridops.solvers.qaoa import Qaoa, sample
from hybridops.trust.canonical import digest
from hybridops.workflows.routing import Routing

ROUTING = Routing()
PARAMETERS = {"shots": 256, "qubits_max": 12, "layers": 1, "baseline_seconds": 0.3}


class Chain:
    """One run of a family on one problem; `results` grows as steps are taken."""

    family: Workflow = ROUTING
    before = ("check", "heuristic", "baseline", "narrow", "encode", "control")

    def __init__(self, problem: bytes, seed: int = 7, **parameters: Any) -> None:
        self.store: dict[str, bytes] = {}
        self.results: dict[str, Mapping[str, Any]] = {}
        self.input = StepInput(
            problem=problem,
            parameters=PARAMETERS | parameters,
            seed=seed,
            results=self.results,
            artifact=self.store.__getitem__,
        )

    def take(self, *names: str, samples: tuple[SampleSet, ...] = ()) -> dict[str, Any]:
        """Takes steps in order, each with the results so far, and hands back the last summary."""
        for name in names:
            output = self.family.steps[name](replace(self.input, samples=samples))
            digests = {key: digest(value) for key, value in output.artifacts.items()}
            self.store.update({digests[key]: value for key, value in output.artifacts.items()})
            summary = json.loads(json.dumps(output.summary, allow_nan=False)) | {"artifacts": digests}
            assert len(json.dumps(summary)) < 64_000
            self.results[f"stage of {name}"] = summary
        return summary

    def prepared(self) -> Self:
        """The same chain, up to the gate."""
        self.take(*self.before)
        return self

    def stored(self, step: str, name: str) -> Any:
        """An artifact of an earlier step, read as JSON."""
        return json.loads(self.store[self.results[f"stage of {step}"]["artifacts"][name]])

    def ideal_samples(self, shots: int = 256) -> SampleSet:
        """What a noiseless device would send back for the encoded circuit."""
        document = self.stored("narrow", "subproblem")
        angles = (np.array(document["angles"][name]) for name in ("gammas", "betas"))
        energy = cost_diagonal(from_document(document["ising"]))
        return samples_of(sample(Qaoa(energy).probabilities(*angles), shots, seed=1), shots)


def samples_of(counts: Mapping[str, int], shots: int) -> SampleSet:
    """Counts as a provider hands them in."""
    return SampleSet(counts, shots, sum(counts.values()), "ideal", "c" * 64, 0.5, {})


def without_seconds(document: Any) -> Any:
    """The same JSON without any key that measures time."""
    if isinstance(document, dict):
        return {key: without_seconds(value) for key, value in document.items() if key != "seconds"}
    return [without_seconds(item) for item in document] if isinstance(document, list) else document
