"""Narrowing a graph or QUBO to one register: a few variables are left open, the others stay as they are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import clusters
from hybridops.solvers.angles import choose_angles
from hybridops.solvers.arrays import array_module
from hybridops.solvers.descent import descend
from hybridops.solvers.qubo import Bits, Qubo, fix, to_ising
from hybridops.trust.canonical import canonical
from hybridops.workflows.maxcut_instance import Instance, bits_of, check, text_of
from hybridops.workflows.maxcut_steps import fixed_by, opened
from hybridops.workflows.register_circuit import angles_document, ising_facts, made_by
from hybridops.workflows.register_steps import needed

SCHEMA = "hybridops.maxcut-register/1"
_TABLE = 10


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """`bits` (n,) of all variables, and the numbers of those that a register may hold."""

    bits: Bits
    pool: np.ndarray[tuple[int, ...], np.dtype[np.intp]]


def narrow(step: StepInput) -> StepOutput:
    """Chooses the variables of the register, states their cost as spins, and chooses the angles."""
    begun = time.perf_counter()
    instance, settings = opened(step)
    qubo = instance.qubo()
    start = start_of(instance, qubo, bits_of(needed(step, "heuristic")["bits"]), fixed_by(step))
    xp, device = array_module(step.prefer_gpu)
    step.report(0.2, f"Growing groups among {len(start.pool)} variables")
    inner = _open(qubo, start.bits, start.pool)
    found = clusters.groups(inner, start.bits[start.pool], settings.qubits_max, xp)
    register = np.sort(start.pool[found.members[0]])
    ising = to_ising(_open(qubo, start.bits, register))
    step.report(0.5, f"Choosing angles: {settings.angle_strategy}")
    angles = choose_angles(ising, settings.angle_strategy, settings.layers, step.seed, xp)
    told = text_of(start.bits.tolist())
    summary = {
        "step": "narrow",
        "incumbent": {"from": "heuristic", "objective": check(instance, told), "unit": instance.unit},
        "method": clusters.METHOD,
        "pool": len(start.pool),
        "candidates": [
            {
                "rank": rank + 1,
                "variables": [instance.labels[at] for at in start.pool[found.members[rank]].tolist()],
                "relief": float(found.relief[rank]),
                "cost": float(found.cost[rank]),
                "score": float(found.score[rank]),
            }
            for rank in range(min(_TABLE, len(found.members)))
        ],
        "chosen": {
            "variables": [instance.labels[at] for at in register.tolist()],
            "numbers": register.tolist(),
        },
        "qubits": len(register),
        "angles": angles_document(angles),
        "made_by": made_by(angles),
        "ising": ising_facts(ising),
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    document = {
        "schema": SCHEMA,
        "incumbent": told,
        "register": register.tolist(),
        "ising": ising.document(),
        "angles": angles_document(angles),
    }
    return StepOutput(summary, {"subproblem": canonical(document)}, device, angles.nbytes)


def register_qubo(instance: Instance, document: dict[str, Any]) -> Qubo:
    """The cost of a stored subproblem's register, built anew from the file and the incumbent."""
    return _open(instance.qubo(), bits_of(document["incumbent"]), np.array(document["register"]))


def start_of(instance: Instance, qubo: Qubo, bits: Bits, fixed: dict[int, int]) -> Start:
    """The heuristic's answer with what roof duality decided, 1-opt again; the decided stay out of the pool.

    Of a graph the other side may be meant. Where fewer than two variables are left, or the decided ones make it
    worse, all are open.
    """
    everything = np.arange(instance.variables)
    pool = np.setdiff1d(everything, list(fixed))
    if not fixed or len(pool) < 2:
        return Start(bits, everything)
    if instance.is_graph and sum(int(bits[at]) != bit for at, bit in fixed.items()) * 2 > len(fixed):
        bits = 1 - bits
    left = fix(qubo, fixed)
    moved = left.restore(descend(left.qubo, bits[None, pool]))[0]
    better = qubo.energy(moved[None])[0] <= qubo.energy(bits[None])[0]
    return Start(moved, pool) if better else Start(bits, everything)


def _open(qubo: Qubo, bits: Bits, register: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> Qubo:
    """The cost of `register` with all other variables as in `bits`."""
    others = np.setdiff1d(np.arange(qubo.variables), register)
    return fix(qubo, {int(at): int(bits[at]) for at in others}).qubo if len(others) else qubo
