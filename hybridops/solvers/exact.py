"""The optimum of a QUBO with its proof, by HiGHS or SCIP, each in a process of its own.

A process, because these libraries cannot all be loaded together, may crash, and stop for no signal inside their
own code: whatever happens there, the caller gets an answer in time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.qubo import Bits, Qubo

SOLVERS = {"HiGHS": "hybridops.solvers.exact_highs", "SCIP": "hybridops.solvers.exact_scip"}
GRACE_SECONDS = 15.0  # to start, to read, to stop where it was told to; then the process is killed
_TOLERANCE = 1e-6  # the solvers' own: how far they let a constraint be broken and two bounds differ


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """`status`: "optimal" (bits are proved best), "time limit" (bits and bound as far as it came) or "failed".

    `bits` (n,) or None; `energy` is recomputed from them. `lower_bound` is -inf where there is none, and proved up
    to the solvers' tolerance: 1e-6 of the energy or of the largest coefficient. `seconds` of wall clock in all,
    `cpu_seconds` of the solver's process as it told them. `reason` says in words why it failed.
    """

    status: str
    bits: Bits | None
    energy: float | None
    lower_bound: float
    seconds: float
    cpu_seconds: float | None
    solver: str
    reason: str = ""


def solve(qubo: Qubo, *, solver: str, seconds: float, ones: int | None = None) -> Proof:
    """Minimises, with exactly `ones` bits set where that is given, for `seconds` at most.

    One thread, fixed seeds: the same answer each time, unless time cuts it. Never raises for what the solver
    does; BadInput for an unknown solver, a time that is none, a number of ones that cannot be.
    """
    if solver not in SOLVERS:
        raise BadInput(f"Choose {' or '.join(SOLVERS)}, not {solver}.", field="solver")
    if not 0 < seconds < 1e6:
        raise BadInput("Allow more than 0 and less than a million seconds.", field="seconds")
    if ones is not None and not 0 <= ones <= qubo.variables:
        raise BadInput(f"Ask for 0 to {qubo.variables} ones, not {ones}.", field="ones")
    begun = monotonic()
    asked = {"qubo": qubo.document(), "seconds": seconds, "ones": ones}
    answer = _ask(SOLVERS[solver], asked, seconds + GRACE_SECONDS)
    try:
        return _proof(qubo, answer, ones, solver, monotonic() - begun)
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        return _failed(f"its answer cannot be read: {problem!r}", solver, monotonic() - begun)


def _ask(module: str, asked: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What the process wrote last, or {"failed": why}."""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    env |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(asked), capture_output=True, text=True, timeout=seconds, env=env, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": f"it did not stop and was killed after {seconds:.0f} seconds"}
    except OSError as problem:
        return {"failed": f"it could not be started: {problem}"}
    if done.returncode:
        last = done.stderr.strip().rsplit("\n", 1)[-1]
        return {"failed": f"its process ended with {done.returncode}: {last[:300]}"}
    try:
        answer = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    except ValueError:
        return {"failed": "it wrote no answer"}
    return answer if isinstance(answer, dict) else {"failed": "it wrote no answer"}


def _proof(qubo: Qubo, answer: dict[str, Any], ones: int | None, solver: str, seconds: float) -> Proof:
    """Checks what the process says: bits are bits, as many as asked, and the bound is not above their energy."""
    if "failed" in answer:
        return _failed(str(answer["failed"]), solver, seconds)
    bound = float("-inf") if answer["bound"] is None else float(answer["bound"])
    cpu = float(answer["cpu_seconds"])
    if answer["bits"] is None:
        return Proof("time limit", None, None, bound, seconds, cpu, solver)
    bits = np.array(answer["bits"])
    if bits.shape != (qubo.variables,) or not np.isin(bits, (0, 1)).all():
        return _failed("its answer is not made of bits", solver, seconds)
    if ones is not None and bits.sum() != ones:
        return _failed(f"its answer has {bits.sum()} ones", solver, seconds)
    bits = bits.astype(np.uint8)
    energy = float(qubo.energy(bits[None])[0])
    slack = _TOLERANCE * max(
        abs(energy), float(np.abs(qubo.linear).max()), float(np.abs(qubo.quadratic).max())
    )
    optimal = answer["optimal"] is True
    if bound > energy + slack or (optimal and bound < energy - slack):
        return _failed(f"its bound {bound} does not fit the energy {energy} of its answer", solver, seconds)
    return Proof(
        "optimal" if optimal else "time limit", bits, energy, min(bound, energy), seconds, cpu, solver
    )


def _failed(reason: str, solver: str, seconds: float) -> Proof:
    return Proof("failed", None, None, float("-inf"), seconds, None, solver, f"{solver} failed: {reason}.")
