"""The frame of a solver's own process: one question on standard input, one line of answer on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

from hybridops.solvers.qubo import Qubo, from_document


@dataclass(frozen=True, slots=True)
class Solved:
    """Bits and bound, None where there are none yet; `optimal` as the solver claims."""

    bits: list[int] | None
    bound: float | None
    optimal: bool


def main(solve: Callable[[Qubo, float, int | None], Solved]) -> None:
    """Whatever the solver raises ends the process with its last line on standard error."""
    asked = json.load(sys.stdin)
    found = solve(from_document(asked["qubo"]), float(asked["seconds"]), asked["ones"])
    answer = {
        "bits": found.bits,
        "bound": found.bound,
        "optimal": found.optimal,
        "cpu_seconds": process_time(),
    }
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
