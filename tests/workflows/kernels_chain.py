"""Runs the kernel family's steps as the engine does, its submissions included, on an ideal or depolarised sampler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hybridops.domain.ports import SampleSet, StepInput
from hybridops.providers import qasm
from hybridops.solvers.feature_map import kernel
from hybridops.solvers.statevector import Gate, distribution
from hybridops.trust.canonical import digest
from hybridops.workflows.kernels import Kernels
from hybridops.workflows.kernels_loop import Plan, plan_of

KERNELS = Kernels()
PREPARED = ("check", "baseline", "heuristic", "simulate", "encode", "control")


class KernelsChain:
    """One run of the family on one table; `results` grows as steps are taken."""

    def __init__(self, problem: bytes, seed: int = 7, **parameters: Any) -> None:
        self.store: dict[str, bytes] = {}
        self.results: dict[str, Mapping[str, Any]] = {}
        self.input = StepInput(
            problem=problem,
            parameters={"shots": 512, "features": 4, "entries_max": 240} | parameters,
            seed=seed,
            results=self.results,
            artifact=self.store.__getitem__,
        )

    @property
    def plan(self) -> Plan:
        return plan_of(self.input)

    def take(self, *names: str) -> dict[str, Any]:
        """Takes steps in order, each with the results so far, and hands back the last summary."""
        for name in names:
            output = KERNELS.steps[name](self.input)
            digests = {key: digest(value) for key, value in output.artifacts.items()}
            self.store.update({digests[key]: value for key, value in output.artifacts.items()})
            summary = json.loads(json.dumps(output.summary, allow_nan=False)) | {"artifacts": digests}
            assert len(json.dumps(summary)) < 64_000
            self.results[f"stage of {name}"] = summary
        return summary

    def prepared(self) -> KernelsChain:
        """The same chain, up to the gate."""
        self.take(*PREPARED)
        return self

    def again(self) -> KernelsChain:
        """A second run from the same gate."""
        other = KernelsChain(self.input.problem, self.input.seed, **self.input.parameters)
        other.store.update(self.store)
        other.results.update(self.results)
        return other

    def asked(self, left: int | None = None) -> list[dict[str, float]] | None:
        """The bindings of the next submission; None when there is none."""
        found = KERNELS.steps["next"](replace(self.input, submissions_left=left)).summary
        return found["bindings"] if found["more"] else None

    def send(self, asked: list[dict[str, float]], depolarised: float = 0.0) -> None:
        """One submission, retrieved whole."""
        rng = np.random.default_rng([self.input.seed, len(self.input.samples)])
        shots = self.input.parameters["shots"]
        self.retrieved(asked, tuple(sampled(one, shots, rng, depolarised) for one in asked))

    def retrieved(self, asked: list[dict[str, float]], parts: tuple[Mapping[str, int], ...]) -> None:
        """What a provider hands in for it, which may be less."""
        whole = sum(sum(part.values()) for part in parts)
        shots = len(asked) * self.input.parameters["shots"]
        sample = SampleSet({}, shots, whole, "ideal", "c" * 64, 0.5, {}, parts)
        samples, bindings = (*self.input.samples, sample), (*self.input.bindings, asked)
        self.input = replace(self.input, samples=samples, bindings=bindings)

    def measured(self, submissions: int = 4, depolarised: float = 0.0) -> KernelsChain:
        """The same chain, after so many submissions at most."""
        for sent in range(submissions):
            if (asked := self.asked(submissions - sent)) is None:
                break
            self.send(asked, depolarised)
        return self

    def stored(self, step: str, name: str) -> bytes:
        return self.store[self.results[f"stage of {step}"]["artifacts"][name]]


def points_in(values: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """The two points that the inputs of a circuit are of."""
    qubits = sum(name.startswith("x_") for name in values)
    first, second = (np.array([[values[f"{side}_{at}"] for at in range(qubits)]]) for side in "xy")
    return first, second


def sampled(
    values: Mapping[str, float], shots: int, rng: np.random.Generator, depolarised: float
) -> dict[str, int]:
    """Counts of one circuit, whose outcomes other than all 0 are drawn as one."""
    first, second = points_in(values)
    even = 0.5 ** first.shape[1]
    chance = (1 - depolarised) * kernel(first, second)[0, 0] + depolarised * even
    zeros = int(rng.binomial(shots, min(1.0, chance)))
    counts = {"0" * first.shape[1]: zeros, "1" * first.shape[1]: shots - zeros}
    return {bits: count for bits, count in counts.items() if count}


def exact_by_binding(text: str, values: Mapping[str, float]) -> np.ndarray:
    """The distribution of the bound template, gate by gate."""
    circuit = qasm.bind(qasm.parse(text), values)
    gates: list[Gate] = [(gate.name, gate.on, gate.angle) for gate in circuit.gates]  # type: ignore[misc]
    return distribution(len(circuit.qubits), gates, circuit.measured, np)
