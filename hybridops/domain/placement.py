"""Where a stage runs, and why not elsewhere. Every decision is a record with its rejected alternatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from hybridops.domain.errors import Refused
from hybridops.domain.waits import Waits

FIDELITY_GIVEN_UP = 0.03  # of the best, for a shorter queue (QOS, arXiv 2406.19120)
IN_TIME = 0.9  # the share of the waits seen that has to let it finish by the deadline
DRIFT = 0.34  # relative change of a median two-qubit error from one day to the next that 9 of 10 days keep
MODEL_GAP = 0.023  # the largest difference between expected and simulated success in three checks
UNKNOWN_WAIT = math.inf
NEVER_SEEN = Waits()


def fidelity_error(fidelity: float) -> float:
    """How far an expected success may be off: errors that drift since the calibration, and the model itself.

    With success F = exp(-E) for a sum of errors E, a relative change r of E moves F by F |ln F| r.
    """
    if not 0 < fidelity < 1:
        return 0.0
    return math.hypot(fidelity * -math.log(fidelity) * DRIFT, MODEL_GAP)


@dataclass(frozen=True, slots=True)
class Option:
    """One backend as a candidate. `blocked` is the guard that removes it, in words, or empty; `shut` why nothing
    goes there for now, which gives way where all are.

    `cost_usd` is the worst case. `waits` were seen in its queue, `ahead_seconds` is the work that was sent there
    since, `run_seconds` the work's own time. `budget_usd` is what is left for it, None where nothing limits it.
    """

    provider: str
    backend: str
    cost_usd: Decimal
    fidelity: float | None
    waits: Waits = NEVER_SEEN
    run_seconds: float = 0.0
    ahead_seconds: float = 0.0
    budget_usd: Decimal | None = None
    blocked: str = ""
    shut: str = ""

    def wait(self, share: float) -> float | None:
        """The wait that this share of the observations did not exceed, with what was sent there since."""
        found = self.waits.quantile(share)
        return None if found is None else found + self.ahead_seconds

    def in_time(self, seconds_left: float) -> float | None:
        """The chance to be done within these seconds, by the waits seen; None where none was."""
        return self.waits.within(seconds_left - self.ahead_seconds - self.run_seconds)

    def numbers(self) -> str:
        fidelity, wait, most = self.fidelity, self.wait(0.5), self.wait(0.9)
        success = (
            "fidelity not reported"
            if fidelity is None
            else f"expected success {fidelity:.2f} ± {fidelity_error(fidelity):.2f}"
        )
        queue = "queue not reported"
        if wait is not None and most is not None:
            queue = f"about {wait:.0f} s of queue"
            queue += f", 9 in 10 times under {most:.0f} s" if most > wait else ""
        return f"${self.cost_usd:.2f}, {success}, {queue}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One backend as it was weighed: its numbers, and the guard that removed it or nothing.

    Money is text, empty where the guard came before a price.
    """

    provider: str
    backend: str
    cost_usd: str
    fidelity: float | None
    fidelity_error: float | None
    wait_p50: float | None
    wait_p90: float | None
    waits_seen: int
    in_time: float | None
    guard: str


@dataclass(frozen=True, slots=True)
class Placement:
    """`why` is a sentence with numbers; `rejected` pairs each other backend with its reason."""

    resource: str
    provider: str
    chosen: str
    why: str
    rejected: tuple[tuple[str, str], ...]
    candidates: tuple[Candidate, ...] = ()

    def document(self) -> dict[str, Any]:
        return asdict(self)


def place(
    options: Sequence[Option],
    *,
    asked: str = "",
    delta: float = FIDELITY_GIVEN_UP,
    seconds_left: float | None = None,
) -> Placement:
    """The backend a quantum stage goes to; raises Refused where every option is blocked.

    A person's choice wins if no guard blocks it. Otherwise those that are shut for now, would be late or do not fit
    into their budget go, as long as others remain; then the shortest median wait wins, then the lowest price, then
    the name, among those whose expected success is at most a share `delta` below the best of those that remain.
    """
    free = [option for option in options if not option.blocked]
    if not free:
        raise Refused(
            "No backend can take this: " + "; ".join(f"{o.backend}: {o.blocked}" for o in options) + "."
        )
    guards = {_key(option): option.blocked for option in options}
    near = free
    for guard in (_shut, _late(seconds_left), _over_budget):
        near = _kept(near, guard, guards)
    chosen = next((option for option in free if option.backend == asked), None)
    why = "asked for by the requester"
    if chosen is None:
        first, why = _shortest([_judged(option, "", seconds_left) for option in near], delta)
        chosen = next(option for option in near if _key(option) == _key(first))
    if short := _shut(chosen) or _late(seconds_left)(chosen) or _over_budget(chosen):
        why += f", though {short}"
    judged = [_judged(option, guards[_key(option)], seconds_left) for option in options]
    return Placement(
        resource="qpu",
        provider=chosen.provider,
        chosen=chosen.backend,
        why=f"{why}: {chosen.numbers()}",
        rejected=tuple((o.backend, guards[_key(o)] or o.numbers()) for o in options if o is not chosen),
        candidates=tuple(judged),
    )


def again(candidates: Sequence[Candidate], *, delta: float) -> Candidate | None:
    """Which of the candidates of a record the default rule takes with another `delta`; None where guards removed all.

    The numbers and the guards are those of the moment it was decided.
    """
    free = [candidate for candidate in candidates if not candidate.guard]
    return _shortest(free, delta)[0] if free else None


def _key(option: Option | Candidate) -> tuple[str, str]:
    return option.provider, option.backend


def _shut(option: Option) -> str:
    return option.shut


def _late(seconds_left: float | None) -> Callable[[Option], str]:
    def guard(option: Option) -> str:
        chance = None if seconds_left is None else option.in_time(seconds_left)
        if chance is None or chance >= IN_TIME:
            return ""
        return f"only {chance:.0%} of the waits seen let it finish by the deadline"

    return guard


def _over_budget(option: Option) -> str:
    if option.budget_usd is None or option.cost_usd <= option.budget_usd:
        return ""
    return f"it may cost ${option.cost_usd:.2f} and ${option.budget_usd:.2f} are left in the budget"


def _kept(
    options: list[Option], guard: Callable[[Option], str], guards: dict[tuple[str, str], str]
) -> list[Option]:
    """Those that pass, with the reason of the others noted; all of them where none passes."""
    removed = {_key(option): why for option in options if (why := guard(option))}
    if len(removed) == len(options):
        return options
    guards.update(removed)
    return [option for option in options if _key(option) not in removed]


def _shortest(candidates: Sequence[Candidate], delta: float) -> tuple[Candidate, str]:
    """The default rule, and the sentence that explains it."""
    best = min(candidates, key=lambda o: (-(o.fidelity or 0.0), _key(o)))
    least = (best.fidelity or 0.0) * (1 - delta)
    near = [one for one in candidates if (one.fidelity or 0.0) >= least]
    chosen = min(near, key=lambda o: (_sortable(o.wait_p50), Decimal(o.cost_usd or 0), _key(o)))
    same = [one for one in near if _sortable(one.wait_p50) == _sortable(chosen.wait_p50)]
    how = "shortest wait" if len(same) == 1 else f"cheapest of {len(same)} with the shortest wait"
    if best.fidelity is None:
        return chosen, f"{how}; no backend reports an expected success"
    return (
        chosen,
        f"{how} within {delta * 100:g} % of the best expected success ({best.fidelity:.2f} on {best.backend})",
    )


def _sortable(wait: float | None) -> float:
    return UNKNOWN_WAIT if wait is None else wait


def _judged(option: Option, guard: str, seconds_left: float | None) -> Candidate:
    return Candidate(
        provider=option.provider,
        backend=option.backend,
        cost_usd="" if option.blocked and not option.cost_usd else str(option.cost_usd),
        fidelity=option.fidelity,
        fidelity_error=None if option.fidelity is None else round(fidelity_error(option.fidelity), 4),
        wait_p50=option.wait(0.5),
        wait_p90=option.wait(0.9),
        waits_seen=len(option.waits.seen),
        in_time=None if seconds_left is None else option.in_time(seconds_left),
        guard=guard,
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
