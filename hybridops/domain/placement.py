"""Where a stage runs, and why not elsewhere. Every decision is a record with its rejected alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from hybridops.domain.errors import Refused


@dataclass(frozen=True, slots=True)
class Option:
    """One backend as a candidate. `blocked` is the guard that removes it, in words, or empty."""

    provider: str
    backend: str
    cost_usd: Decimal
    fidelity: float | None
    wait_seconds: float | None
    blocked: str = ""

    def numbers(self) -> str:
        fidelity = (
            "fidelity not reported" if self.fidelity is None else f"expected success {self.fidelity:.2f}"
        )
        wait = (
            "queue not reported" if self.wait_seconds is None else f"about {self.wait_seconds:.0f} s of queue"
        )
        return f"${self.cost_usd:.2f}, {fidelity}, {wait}"


@dataclass(frozen=True, slots=True)
class Placement:
    """`why` is a sentence with numbers; `rejected` pairs each other backend with its reason."""

    resource: str
    provider: str
    chosen: str
    why: str
    rejected: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        return asdict(self)


FIDELITY_GIVEN_UP = 0.03


def place(options: Sequence[Option], *, asked: str = "") -> Placement:
    """The backend a quantum stage goes to; raises Refused where every option is blocked.

    A person's choice wins if no guard blocks it. Otherwise the shortest wait, then the lowest price,
    among those within 3 % of the best expected success (QOS, arXiv 2406.19120).
    """
    free = [option for option in options if not option.blocked]
    if not free:
        raise Refused(
            "No backend can take this: " + "; ".join(f"{o.backend}: {o.blocked}" for o in options) + "."
        )
    chosen = next((option for option in free if option.backend == asked), None)
    why = "asked for by the requester" if chosen else "shortest wait within 3 % of the best expected success"
    if chosen is None:
        best = max(option.fidelity or 0.0 for option in free)
        near = [o for o in free if (o.fidelity or 0.0) >= best * (1 - FIDELITY_GIVEN_UP)]
        chosen = min(near, key=lambda o: (o.wait_seconds if o.wait_seconds is not None else 1e9, o.cost_usd))
    return Placement(
        resource="qpu",
        provider=chosen.provider,
        chosen=chosen.backend,
        why=f"{why}: {chosen.numbers()}",
        rejected=tuple((o.backend, o.blocked or o.numbers()) for o in options if o is not chosen),
    )


def is_gpu(device: str) -> bool:
    """Whether the device that a step reports is one; "CPU (why)" is not."""
    return not device.upper().startswith("CPU")


def place_compute(resource: str, device: str, *, gpu_required: bool) -> Placement:
    """The record of where a classical stage ran; raises Refused where a GPU is required and absent."""
    on_gpu = is_gpu(device)
    if resource == "gpu" and not on_gpu:
        if gpu_required:
            raise Refused("This stage needs a GPU and none is here. Start a GPU worker and replay the run.")
        return Placement(
            "gpu",
            "here",
            "CPU (NumPy)",
            "no GPU on this worker, the stage prefers one but does not need it",
            (("GPU", "not present"),),
        )
    why = "array kernels on the GPU" if on_gpu else "no part of it gains from a GPU"
    return Placement(resource, "here", device if on_gpu else "CPU", why, ())
