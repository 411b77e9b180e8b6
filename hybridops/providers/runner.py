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
from collections.abc import Mapping
from typing import Any

from hybridops.domain.errors import BadInput

PR_SET_PDEATHSIG = 1  # Linux


def compute(request: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a request: counts, shots done, seconds of this machine, how it was done.

    Raises BadInput for a program that cannot run. The counts depend on the request only.
    """
    from hybridops.providers import devices, qasm, sampling

    if request.get("fail"):
        raise BadInput(str(request["fail"]))
    began, circuit = time.perf_counter(), qasm.parse(request["text"])
    shots = math.ceil(request["shots"] * request.get("share", 1.0))
    seed = request["seed"]
    if request["backend"] not in devices.SNAPSHOTS:
        counts, how = sampling.sample_ideal(circuit, shots=shots, seed=seed)
    elif request["method"] == "aer":
        from hybridops.providers.aer import sample_aer

        counts, how = sample_aer(circuit, devices.device(request["backend"]), shots=shots, seed=seed)
    else:
        counts, how = sampling.sample_noisy(
            circuit, devices.device(request["backend"]), shots=shots, seed=seed
        )
    seconds = round(time.perf_counter() - began, 3)
    return {"counts": counts, "shots_done": shots, "seconds": seconds, "metadata": {**how, "seed": seed}}


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
