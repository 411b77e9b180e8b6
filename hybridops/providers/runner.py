"""One job's computation. As a program (`python -m hybridops.providers.runner PARENT SECONDS BYTES`) it reads
the request from stdin, writes the answer to stdout, and ends with its parent, its time or its memory.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.trust.canonical import digest

PR_SET_PDEATHSIG = 1  # Linux


def compute(request: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a request: counts, shots done, seconds of this machine, how it was done.

    With `bindings`, also the counts of each set of values. Raises BadInput for a program that cannot run. The
    counts depend on the request only.
    """
    from hybridops.providers import qasm

    if request.get("fail"):
        raise BadInput(str(request["fail"]))
    began, circuit = time.perf_counter(), qasm.parse(request["text"])
    shots = math.ceil(request["shots"] * request.get("share", 1.0))
    seed, bindings = request["seed"], request.get("bindings")
    seeds = [_seed(seed, number) for number in range(len(bindings or [{}]))]
    circuits = [qasm.bind(circuit, values) for values in bindings or [{}]]
    runs = [_run(request, one, shots, own) for one, own in zip(circuits, seeds, strict=True)]
    parts, how = [counts for counts, _ in runs], runs[0][1]
    return {
        "counts": dict(sum((Counter(part) for part in parts), Counter())),
        "shots_done": shots * len(parts),
        "seconds": round(time.perf_counter() - began, 3),
        "metadata": {**how, "seed": seed},
        **({"parts": parts} if bindings else {}),
    }


def _seed(seed: int, number: int) -> int:
    """The first circuit takes the job's own; the others numbers of 52 bits that follow from it."""
    return int(digest(f"{seed}:{number}".encode())[:13], 16) if number else seed


def _run(request: Mapping[str, Any], circuit: Any, shots: int, seed: int) -> tuple[dict[str, int], Any]:
    from hybridops.providers import devices, sampling

    if request["backend"] not in devices.SNAPSHOTS:
        return sampling.sample_ideal(circuit, shots=shots, seed=seed)
    device = devices.device(request["backend"])
    if request["method"] == "aer":
        from hybridops.providers.aer import sample_aer

        return sample_aer(circuit, device, shots=shots, seed=seed)
    return sampling.sample_noisy(circuit, device, shots=shots, seed=seed)


def main(parent: int, seconds: int, memory: int) -> None:
    _bind(parent, seconds, memory)
    try:
        answer: dict[str, Any] = {"result": compute(json.load(sys.stdin))}
    except BadInput as problem:
        answer = {"error_kind": "invalid_program", "error": str(problem)}
    except MemoryError:
        answer = {"error_kind": "too_large", "error": "The circuit needs more memory than a job may have."}
    json.dump(answer, sys.stdout)


def _bind(parent: int, seconds: int, memory: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died before the bond held
            sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
