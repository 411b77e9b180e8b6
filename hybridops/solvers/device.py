"""Where a kernel runs and what that took: a GPU that is required is never replaced in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

from hybridops.domain.errors import BadInput, Refused
from hybridops.solvers.arrays import array_module

type Gpu = Literal["required", "preferred", "no"]


@dataclass(frozen=True, slots=True)
class Ran:
    """`device` as `array_module` names it, with the reason where a GPU was wanted and none ran.

    `seconds` of wall clock until the device was done. `peak_bytes`: with CuPy what its pool grew by, elsewhere
    what the kernel states.
    """

    device: str
    seconds: float
    peak_bytes: int


def choose(gpu: Gpu) -> tuple[Any, str]:
    """The array library and its device. Refused where a GPU is required and none can run; says why."""
    if gpu not in ("required", "preferred", "no"):
        raise BadInput("Say whether a GPU is required, preferred or no.", field="gpu")
    xp, device = array_module(prefer_gpu=gpu != "no")
    if gpu == "required" and xp.__name__ != "cupy":
        raise Refused(
            f"This needs a GPU and would run on {device}: send it to a worker with one, or prefer one."
        )
    return xp, device


def run[T](kernel: Callable[[Any], T], *, gpu: Gpu, nbytes: int) -> tuple[T, Ran]:
    """`kernel(xp)` on the chosen device, and what it took; `nbytes` is the kernel's own bound of its memory."""
    xp, device = choose(gpu)
    begun, before = perf_counter(), _pool_bytes(xp, empty=True)
    result = kernel(xp)
    if xp.__name__ == "cupy":
        xp.cuda.get_current_stream().synchronize()  # until here only the asking has been timed
        nbytes = _pool_bytes(xp) - before
    return result, Ran(device, perf_counter() - begun, nbytes)


def _pool_bytes(xp: Any, *, empty: bool = False) -> int:
    """What CuPy's pool holds, used or kept: emptied before, it never shrinks while a kernel runs."""
    if xp.__name__ != "cupy":
        return 0
    pool = xp.get_default_memory_pool()
    if empty:
        pool.free_all_blocks()
    return int(pool.total_bytes())
