"""Sampling a circuit: check it, compute its ideal distribution, write it in the gates that are sent."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import statevector
from hybridops.solvers.arrays import array_module
from hybridops.solvers.problem import Floats
from hybridops.trust.canonical import digest, digest_of
from hybridops.workflows.openqasm import Circuit, parse
from hybridops.workflows.qaoa_circuit import depth, written
from hybridops.workflows.register_steps import needed

FAMILY = "circuit-sampling/1"
KINDS_SHOWN = 20
LIKELIEST = 8


@dataclass(frozen=True, slots=True)
class Settings:
    """`shots` of every arm, and the Hellinger fidelity `fidelity_min` that the run asks for."""

    shots: int
    fidelity_min: float


def settings_of(parameters: Mapping[str, Any]) -> Settings:
    """The parameters with their ranges checked; raises BadInput with `field`. Unknown names are ignored."""
    shots, asked = parameters.get("shots", 1024), parameters.get("fidelity_min", 0.8)
    if isinstance(shots, bool) or not isinstance(shots, int) or not 1 <= shots <= 100_000:
        raise BadInput(f"expected a whole number from 1 to 100000, not {shots!r}", field="shots")
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not 0 <= asked <= 1:
        raise BadInput(f"expected a number from 0 to 1, not {asked!r}", field="fidelity_min")
    return Settings(shots, float(asked))


def facts(circuit: Circuit) -> dict[str, Any]:
    """What a page says of a circuit. JSON: gates by the file's names, counts and depth as sent."""
    shown = Counter(circuit.called).most_common(KINDS_SHOWN)
    count, two = len(circuit.gates), sum(len(on) == 2 for _, on, _ in circuit.gates)
    return {
        "name": "Circuit",
        "kind": f"OpenQASM {circuit.version}",
        "size": f"{circuit.qubits} qubit{'s' * (circuit.qubits != 1)}, {count:,} gate{'s' * (count != 1)}",
        "qubits": circuit.qubits,
        "bits": len(circuit.measured),
        "gates_by_kind": dict(shown),
        "kinds": len(circuit.called),
        "one_qubit_gates": count - two,
        "two_qubit_gates": two,
        "depth": depth(circuit.qubits, circuit.gates) + 1,
        "measured": "all qubits, since the file measures none" if circuit.unmeasured else "as the file says",
    }


def check(step: StepInput) -> StepOutput:
    """Reads the file again within all limits."""
    begun = time.perf_counter()
    settings_of(step.parameters)
    found = facts(parse(step.problem))
    return StepOutput({"step": "check", **found, "seconds": time.perf_counter() - begun})


def ideal(step: StepInput) -> StepOutput:
    """The exact distribution of what is measured, as the artifact "distribution"."""
    begun = time.perf_counter()
    circuit = parse(step.problem)
    xp, device = array_module(step.prefer_gpu)
    chances = statevector.distribution(
        circuit.qubits,
        circuit.gates,
        circuit.measured,
        xp,
        lambda share: step.report(share, f"Simulating {circuit.qubits} qubits"),
    )
    order = np.argsort(-chances, kind="stable")[:LIKELIEST].tolist()
    summary = {
        "step": "ideal",
        "method": "exact state vector, double precision",
        "qubits": circuit.qubits,
        "outcomes": int(np.count_nonzero(chances)),
        "likeliest": [
            {"bits": f"{state:0{len(circuit.measured)}b}", "chance": float(chances[state])}
            for state in order
            if chances[state] > 0
        ],
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    packed = zlib.compress(chances.astype("<f8").tobytes(), 1)
    return StepOutput(summary, {"distribution": packed}, device, statevector.nbytes(circuit.qubits))


def stored_distribution(step: StepInput) -> Floats:
    """What `ideal` stored, fetched by its digest: shape (2^m,)."""
    packed = step.artifact(needed(step, "ideal")["artifacts"]["distribution"])
    return np.frombuffer(zlib.decompress(packed), dtype="<f8")


def encode(step: StepInput) -> StepOutput:
    """The circuit as OpenQASM 3 in the gates that are sent, its counts and its digests."""
    begun = time.perf_counter()
    circuit = parse(step.problem)
    text = written(circuit.qubits, circuit.gates, circuit.measured).encode()
    two = sum(len(on) == 2 for _, on, _ in circuit.gates)
    template = {
        "family": FAMILY,
        "qubits": circuit.qubits,
        "gates": [[name, *on] for name, on, _ in circuit.gates],
        "measured": list(circuit.measured),
    }
    summary = {
        "step": "encode",
        "circuit": {
            "qubits": circuit.qubits,
            "gates": {**Counter(name for name, _, _ in circuit.gates), "measure": len(circuit.measured)},
            "one_qubit_gates": len(circuit.gates) - two,
            "two_qubit_gates": two,
            "depth": depth(circuit.qubits, circuit.gates) + 1,
            "template_digest": digest_of(template),
            "digest": digest(text),
        },
        "angles": {},
        "made_by": "written in the file, bound before approval",
        "shots": settings_of(step.parameters).shots,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, {"circuit": text})
