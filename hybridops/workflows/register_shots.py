"""Bit strings of one register: what came back, the same number at random, the same number from an ideal device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.ports import SampleSet
from hybridops.solvers.problem import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """Distinct measured `states` with how often each was seen; `unreadable` shots fit no register."""

    states: Ints
    seen: Ints
    unreadable: int

    @property
    def total(self) -> int:
        return int(self.seen.sum()) + self.unreadable


def read_samples(samples: Sequence[SampleSet], qubits: int) -> Shots:
    """All counts together. Strings of another length or alphabet, and odd counts, are not believed."""
    merged: dict[int, int] = {}
    unreadable = 0
    for part in samples:
        for bits, count in part.counts.items():
            whole = isinstance(count, int) and not isinstance(count, bool) and count >= 0
            if not whole:
                continue
            if len(bits) == qubits and set(bits) <= {"0", "1"}:
                merged[int(bits, 2)] = merged.get(int(bits, 2), 0) + count
            else:
                unreadable += count
    kept = sorted((state, count) for state, count in merged.items() if count)
    table = np.array(kept, dtype=np.int64).reshape(-1, 2)
    return Shots(table[:, 0], table[:, 1], unreadable)


def random_shots(qubits: int, count: int, seed: Sequence[int]) -> Shots:
    """The control: `count` uniformly random states, the same for the same seed."""
    drawn = np.random.default_rng(list(seed)).integers(0, 1 << qubits, count)
    return Shots(*np.unique(drawn, return_counts=True), unreadable=0)


def drawn_shots(probabilities: Floats, count: int, seed: Sequence[int]) -> Shots:
    """`count` shots of an ideal device with that distribution (2^m,)."""
    drawn = np.random.default_rng(list(seed)).multinomial(count, probabilities)
    states = np.flatnonzero(drawn)
    return Shots(states, drawn[states], unreadable=0)
