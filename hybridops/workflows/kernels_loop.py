"""What was measured of the kernel, and what is measured next: a pure function of what came back.

Each submission begins with circuits of a landmark against itself: their kernel is 1 whatever the data, so what a device
makes of them is what its gates and its readout cost. Then come the entries that are still missing, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hybridops.domain.ports import SampleSet, StepInput, StepOutput
from hybridops.solvers.problem import Floats
from hybridops.workflows.kernels_circuit import values
from hybridops.workflows.kernels_order import Entry, Target, order
from hybridops.workflows.kernels_settings import REFERENCES, SUBMISSIONS
from hybridops.workflows.kernels_steps import target_of
from hybridops.workflows.register_shots import read_samples
from hybridops.workflows.register_steps import needed

DAMPING_MIN = 0.3  # below, noise would be multiplied more than it is removed
_DIGITS = 9

type Key = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """One submission: (shots all 0, shots) of each entry that came back and of the references together, and `foreign`
    circuits that are none of this run's.
    """

    entries: Mapping[Entry, tuple[int, int]]
    reference: tuple[int, int]
    foreign: int

    def damping(self, qubits: int) -> float | None:
        """The share of shots that the references say is left undisturbed, the rest being uniform; None without one."""
        zeros, shots = self.reference
        even = 0.5**qubits
        return (zeros / shots - even) / (1 - even) if shots else None


@dataclass(frozen=True)
class Plan:
    """The entries of a run and the points they are of, as `simulate` left them."""

    target: Target
    points: tuple[tuple[float, ...], ...]
    labels: tuple[int, ...]

    @cached_property
    def order(self) -> list[Entry]:
        return order(self.target)

    @property
    def qubits(self) -> int:
        return len(self.points[0])

    @property
    def array(self) -> Floats:
        return np.array(self.points)

    def bound(self, entry: Entry) -> dict[str, float]:
        """The inputs of an entry's circuit."""
        return values(self.points[entry[0]], self.points[entry[1]])

    @property
    def references(self) -> list[Entry]:
        """A landmark against itself, the first of them in turn."""
        return [(at % self.target.landmarks,) * 2 for at in range(REFERENCES)]

    @cached_property
    def meaning(self) -> Mapping[Key, list[Entry]]:
        """By its inputs, what a circuit tells: of equal points several entries at once."""
        found: dict[Key, list[Entry]] = {}
        for entry in [*dict.fromkeys(self.references), *self.order]:
            found.setdefault(_key(self.bound(entry)), []).append(entry)
        return found


def plan_of(step: StepInput) -> Plan:
    """The plan of a run."""
    found = needed(step, "simulate")
    rows: list[Mapping[str, Any]] = [*found["landmarks"], *found["tests"]]
    points = tuple(tuple(float(value) for value in row["x"]) for row in rows)
    return Plan(target_of(step), points, tuple(int(row["label"]) for row in rows))


def next_step(step: StepInput) -> StepOutput:
    """The bindings of the next submission, or the end."""
    plan = plan_of(step)
    known = {entry for sent in submissions(step, plan) for entry in sent.entries}
    missing = [entry for entry in plan.order if entry not in known]
    spent = len(step.samples) >= SUBMISSIONS or step.submissions_left == 0
    if not missing or spent:
        return StepOutput({"step": "next", "more": False})
    most = int(needed(step, "encode")["circuit"]["bindings_max"])
    circuits = [*plan.references, *missing[: most - REFERENCES]]
    return StepOutput({"step": "next", "more": True, "bindings": [plan.bound(entry) for entry in circuits]})


def submissions(step: StepInput, plan: Plan) -> list[Sent]:
    """What every submission so far told."""
    pairs = zip(step.samples, step.bindings, strict=False)
    return [_sent(plan, sample, bindings) for sample, bindings in pairs]


def _sent(plan: Plan, sample: SampleSet, bindings: Sequence[Mapping[str, float]]) -> Sent:
    entries: dict[Entry, tuple[int, int]] = {}
    reference, foreign = (0, 0), 0
    for bound, part in zip(bindings, sample.parts, strict=False):
        zeros, shots = _zeros(plan, sample, part)
        told = plan.meaning.get(_key(bound), [])
        foreign += not told
        if not shots:
            continue
        if any(i == j for i, j in told):
            reference = (reference[0] + zeros, reference[1] + shots)
        for entry in told:
            if entry[0] != entry[1]:
                before = entries.get(entry, (0, 0))
                entries[entry] = (before[0] + zeros, before[1] + shots)
    return Sent(entries, reference, foreign)


def _zeros(plan: Plan, sample: SampleSet, part: Mapping[str, int]) -> tuple[int, int]:
    """Shots with all bits 0, and all shots; what is no bit string of this register counts as disturbed."""
    one = SampleSet(part, 0, 0, sample.backend, sample.calibration_digest, 0.0, {})
    shots = read_samples([one], plan.qubits)
    return int(shots.seen[shots.states == 0].sum()), shots.total


def _key(bound: Mapping[str, float]) -> Key:
    """Rounded, and without a sign on zero."""
    return tuple((name, round(value, _DIGITS) + 0.0) for name, value in sorted(bound.items()))


def estimated(found: Sequence[Sent], qubits: int, *, mended: bool) -> dict[Entry, float]:
    """Each entry that came back, from 0 to 1; `mended` takes out of it what its submission's references cost.

    The device is taken to give k with that share and a uniform outcome otherwise (Hubregtsen et al., Phys. Rev. A 106
    (2022) 042431). An entry of several submissions is their mean by shots.
    """
    sums: dict[Entry, tuple[float, int]] = {}
    even = 0.5**qubits
    for sent in found:
        left = sent.damping(qubits)
        usable = mended and left is not None and left >= DAMPING_MIN
        for entry, (zeros, shots) in sent.entries.items():
            share = zeros / shots
            if usable and left is not None:
                share = (share - (1 - left) * even) / left
            total, count = sums.get(entry, (0.0, 0))
            sums[entry] = (total + share * shots, count + shots)
    return {entry: min(1.0, max(0.0, total / count)) for entry, (total, count) in sums.items()}
