"""The parameters of a run of the kernel family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.solvers.feature_map import QUBITS_MAX
from hybridops.workflows.register_settings import whole

SUBMISSIONS = 4  # the circuits asked for are spread over so many: one that fails costs a part, not all
REFERENCES = 4  # circuits of each submission whose answer is known


@dataclass(frozen=True, slots=True)
class Settings:
    """`features` are principal components, one qubit each; `entries` the most circuits in all, `shots` of each."""

    shots: int
    features: int
    entries: int

    @property
    def bindings_max(self) -> int:
        return self.entries // SUBMISSIONS

    @property
    def budget(self) -> int:
        """Kernel entries that can be measured beside the references."""
        return SUBMISSIONS * (self.bindings_max - REFERENCES)


def settings_of(parameters: Mapping[str, Any]) -> Settings:
    """The parameters with their ranges checked; raises BadInput with `field`. Unknown names are ignored."""
    return Settings(
        shots=whole(parameters, "shots", 512, 64, 10_000),
        features=whole(parameters, "features", 4, 1, QUBITS_MAX),
        entries=whole(parameters, "entries_max", 240, 60, 400),
    )
