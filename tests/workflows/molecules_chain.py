"""Runs the molecule family's steps as the engine does, the loop included, on an ideal or depolarised sampler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from hybridops.domain.ports import SampleSet, StepInput
from hybridops.solvers.paired import prepared
from hybridops.solvers.readout import chances
from hybridops.trust.canonical import digest
from hybridops.workflows.molecules import Molecules
from hybridops.workflows.molecules_circuit import Plan, plan_of
from hybridops.workflows.pauli_json import parse

MOLECULES = Molecules()
PREPARED = ("check", "baseline", "heuristic", "start", "encode", "control")


class MoleculesChain:
    """One run of the family on one molecule; `results` grows as steps are taken."""

    def __init__(self, problem: bytes, seed: int = 7, **parameters: Any) -> None:
        self.store: dict[str, bytes] = {}
        self.results: dict[str, Mapping[str, Any]] = {}
        self.input = StepInput(
            problem=problem,
            parameters={"shots": 8192, "submissions": 6, "start": "hartree_fock"} | parameters,
            seed=seed,
            results=self.results,
            artifact=self.store.__getitem__,
        )

    @cached_property
    def plan(self) -> Plan:
        return plan_of(parse(self.input.problem))

    def take(self, *names: str) -> dict[str, Any]:
        """Takes steps in order, each with the results so far, and hands back the last summary."""
        for name in names:
            output = MOLECULES.steps[name](self.input)
            digests = {key: digest(value) for key, value in output.artifacts.items()}
            self.store.update({digests[key]: value for key, value in output.artifacts.items()})
            summary = json.loads(json.dumps(output.summary, allow_nan=False)) | {"artifacts": digests}
            assert len(json.dumps(summary)) < 64_000
            self.results[f"stage of {name}"] = summary
        return summary

    def prepared(self) -> MoleculesChain:
        """The same chain, up to the gate."""
        self.take(*PREPARED)
        return self

    def asked(self) -> list[dict[str, float]] | None:
        """The bindings of the next submission; None when the loop is done."""
        found = MOLECULES.steps["next"](self.input).summary
        return found["bindings"] if found["more"] else None

    def send(self, asked: list[dict[str, float]], **noise: float) -> None:
        """One submission, retrieved whole."""
        rng = np.random.default_rng([self.input.seed, len(self.input.samples)])
        parts = tuple(sampled(self.plan, one, self.input.parameters["shots"], rng, **noise) for one in asked)
        self.retrieved(asked, parts)

    def retrieved(self, asked: list[dict[str, float]], parts: tuple[Mapping[str, int], ...]) -> None:
        """What a provider hands in for it, which may be less."""
        whole = sum((np.array([sum(part.values()) for part in parts])), 0)
        shots = len(asked) * self.input.parameters["shots"]
        sample = SampleSet({}, shots, int(whole), "ideal", "c" * 64, 0.5, {}, parts)
        samples, bindings = (*self.input.samples, sample), (*self.input.bindings, asked)
        self.input = replace(self.input, samples=samples, bindings=bindings)

    def looped(self, **noise: float) -> MoleculesChain:
        """The same chain, after the whole loop."""
        while (asked := self.asked()) is not None:
            self.send(asked, **noise)
        return self

    def stored(self, step: str, name: str) -> bytes:
        return self.store[self.results[f"stage of {step}"]["artifacts"][name]]


def sampled(
    plan: Plan,
    values: Mapping[str, float],
    shots: int,
    rng: np.random.Generator,
    depolarised: float = 0.0,
    exact: float = 0.0,
) -> dict[str, int]:
    """Counts of one circuit: drawn, or as near to the chances as whole numbers come with `exact`."""
    point = np.array([[values[f"theta_{at}"] for at in range(len(plan.template.halves))]])
    bases = "".join(
        {(False, False): "Z", (False, True): "Y", (True, True): "X"}[
            values[f"phi_{qubit}"] > 0, values[f"chi_{qubit}"] > 0
        ]
        for qubit in range(plan.template.qubits)
    )
    ideal = chances(prepared(plan.template, point), bases)[0]
    chance = (1 - depolarised) * ideal + depolarised / len(ideal)
    seen = np.rint(chance * shots * 1e6).astype(int) if exact else rng.multinomial(shots, chance)
    return {f"{at:0{plan.template.qubits}b}": int(count) for at, count in enumerate(seen) if count}
