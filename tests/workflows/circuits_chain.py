"""Runs circuit sampling's steps as the engine does: artifacts by digest, summaries by stage key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hybridops.domain.ports import SampleSet, StepInput
from hybridops.trust.canonical import digest
from hybridops.workflows.circuits import Circuits
from hybridops.workflows.circuits_steps import stored_distribution
from hybridops.workflows.register_shots import drawn_shots

CIRCUITS = Circuits()


class CircuitsChain:
    """One run of the family on one circuit; `results` grows as steps are taken."""

    def __init__(self, problem: bytes, seed: int = 7, **parameters: Any) -> None:
        self.store: dict[str, bytes] = {}
        self.results: dict[str, Mapping[str, Any]] = {}
        self.input = StepInput(
            problem=problem,
            parameters={"shots": 1024, "fidelity_min": 0.8} | parameters,
            seed=seed,
            results=self.results,
            artifact=self.store.__getitem__,
        )

    def take(self, *names: str, samples: tuple[SampleSet, ...] = ()) -> dict[str, Any]:
        """Takes steps in order, each with the results so far, and hands back the last summary."""
        for name in names:
            output = CIRCUITS.steps[name](replace(self.input, samples=samples))
            digests = {key: digest(value) for key, value in output.artifacts.items()}
            self.store.update({digests[key]: value for key, value in output.artifacts.items()})
            summary = json.loads(json.dumps(output.summary, allow_nan=False)) | {"artifacts": digests}
            assert len(json.dumps(summary)) < 64_000
            self.results[f"stage of {name}"] = summary
        return summary

    def prepared(self) -> CircuitsChain:
        """The same chain, up to the gate."""
        self.take("check", "ideal", "encode", "control")
        return self

    def stored(self, step: str, name: str) -> bytes:
        return self.store[self.results[f"stage of {step}"]["artifacts"][name]]

    @property
    def ideal(self) -> np.ndarray:
        return stored_distribution(self.input)

    def ideal_samples(self, shots: int = 1024, flipped: float = 0.0) -> SampleSet:
        """What a device sends back that gives uniform bits instead in a share of the shots."""
        ideal = (1 - flipped) * self.ideal + flipped / len(self.ideal)
        drawn = drawn_shots(ideal, shots, (1,))
        width = len(ideal).bit_length() - 1
        pairs = zip(drawn.states.tolist(), drawn.seen.tolist(), strict=True)
        return measured({f"{state:0{width}b}": seen for state, seen in pairs}, shots)


def measured(counts: Mapping[str, int], shots: int) -> SampleSet:
    """Counts as a provider hands them in."""
    return SampleSet(counts, shots, sum(counts.values()), "ideal", "c" * 64, 0.5, {})
