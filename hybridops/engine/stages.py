"""One function a stage kind: it reads, computes or calls, and proposes. It never writes a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hybridops.engine.compute import compute, score, validate
from hybridops.engine.context import Context
from hybridops.engine.gate import gate
from hybridops.engine.proposals import Proposal
from hybridops.engine.quantum import quantum

STAGES: Mapping[str, Callable[[Context], Proposal]] = {
    "validate": validate,
    "compute": compute,
    "gate": gate,
    "quantum": quantum,
    "score": score,
}
