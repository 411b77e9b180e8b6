"""From spins and angles to a circuit: the part that is the same for every family that samples one register."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.solvers.angles import TRAINING_EVALUATIONS, Angles
from hybridops.solvers.ising import Ising, cost_diagonal, from_document
from hybridops.solvers.problem import Floats
from hybridops.solvers.qaoa import Qaoa
from hybridops.solvers.qubo import from_ising
from hybridops.trust.canonical import canonical, digest_of
from hybridops.workflows.qaoa_circuit import qaoa_circuit
from hybridops.workflows.register_settings import Settings, settings_of
from hybridops.workflows.register_steps import subproblem

# What our circuits became on FakeTorino and FakeSherbrooke at level 3, 4 to 14 qubits, 1 and 2 layers, all pairs
# coupled: 2.7 to 4.6 two-qubit gates a pair, 31 to 108 layers of them (about 8 a qubit at worst), a total depth
# 3.3 times that, 3.5 one-qubit gates beside each. On a Heron such a layer takes about 0.12 us, reading out 2 us.
_GATES_PER_PAIR, _LAYERS_PER_QUBIT, _DEPTH_PER_LAYER, _ONE_PER_TWO = 4, 8, 3.3, 3.5
_LAYER_SECONDS, _READOUT_SECONDS = 1.2e-7, 2e-6


def encode(step: StepInput) -> StepOutput:
    """The chosen subproblem's circuit as OpenQASM 3, its counts and its digests. Needs no quantum library.

    Beside it the same cost of bits as canonical JSON, which an annealer takes instead.
    """
    begun = time.perf_counter()
    document = subproblem(step)
    ising, angles = from_document(document["ising"]), document["angles"]
    angles_by = {"strategy": angles["strategy"], "scaled_by": "rms local field"}
    circuit = qaoa_circuit(ising, angles["gammas"], angles["betas"], angles_by)
    one, two = (sum(circuit.gates.get(g, 0) for g in kinds) for kinds in (("h", "rz", "rx"), ("cx",)))
    summary = {
        "step": "encode",
        "circuit": {
            "qubits": ising.qubits,
            "layers": len(angles["gammas"]),
            "gates": circuit.gates,
            "one_qubit_gates": one,
            "two_qubit_gates": two,
            "depth": circuit.depth,
            "template_digest": circuit.template_digest,
            "digest": circuit.digest,
        },
        "shots": settings_of(step.parameters).shots,
        "seconds": time.perf_counter() - begun,
    }
    cost = canonical(from_ising(ising).document())
    return StepOutput(summary, {"circuit": circuit.text.encode(), "cost": cost})


def distribution(document: dict[str, Any], energy: Floats) -> Floats:
    """What an ideal device samples (2^n,) for a subproblem whose cost diagonal is `energy`."""
    angles = document["angles"]
    return Qaoa(energy, batch=1).probabilities(np.array(angles["gammas"]), np.array(angles["betas"]))


def energies(document: dict[str, Any]) -> Floats:
    """The cost diagonal (2^n,) of a subproblem, without its offset."""
    found: Floats = cost_diagonal(from_document(document["ising"]))
    return found


def angles_document(angles: Angles) -> dict[str, Any]:
    """JSON of bound angles, for the subproblem and for whoever approves."""
    return {
        "strategy": angles.strategy,
        "source": angles.source,
        "layers": len(angles.gammas),
        "gammas": list(angles.gammas),
        "betas": list(angles.betas),
        "scale": angles.scale,
        "evaluations": angles.evaluations,
        "expected_energy": angles.expected_energy,
        "precision": "float32",
    }


def made_by(angles: Angles) -> str:
    """How the angles were made, for the approval's envelope."""
    how = {
        "ramp": "a fixed linear ramp",
        "transferred": "published for the Sherrington-Kirkpatrick model",
        "donor": f"taken from donors of like structure ({angles.source})",
        "trained": f"trained on {angles.evaluations} simulated circuits",
    }[angles.strategy]
    return f"{how}, scaled to this problem, bound before approval"


def ising_facts(ising: Ising) -> dict[str, Any]:
    """JSON: what a page says of the spins, and their digest."""
    return {
        "digest": digest_of(ising.document()),
        "fields": int(np.count_nonzero(ising.fields)),
        "couplings": int(np.count_nonzero(ising.couplings)),
        "offset": ising.offset,
    }


def estimate(qubits: int, settings: Settings, *, cpu_seconds: float) -> Estimate:
    """Resources of one run at a register of `qubits`, every pair coupled; `cpu_seconds` is the family's own part."""
    pairs = settings.layers * qubits * (qubits - 1) // 2
    layers = settings.layers * _LAYERS_PER_QUBIT * qubits
    return Estimate(
        qubits=qubits,
        depth=round(_DEPTH_PER_LAYER * layers) + 2,
        one_qubit_gates=round(_ONE_PER_TWO * _GATES_PER_PAIR * pairs) + 4 * qubits,
        two_qubit_gates=_GATES_PER_PAIR * pairs,
        circuit_seconds=layers * _LAYER_SECONDS + _READOUT_SECONDS,
        submissions_max=1,
        cpu_seconds=cpu_seconds,
        gpu_seconds=0.1 + _training_seconds(settings.angle_strategy, qubits, settings.layers),
    )


def _training_seconds(strategy: str, qubits: int, layers: int) -> float:
    """The simulated circuits at about 10 ns an amplitude and layer on one core; a GPU needs less."""
    return TRAINING_EVALUATIONS * layers * (1 << qubits) * 1e-8 if strategy == "trained" else 0.0
