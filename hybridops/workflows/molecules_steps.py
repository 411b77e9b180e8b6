"""Before the gate: check a molecule, solve it exactly, find what the template can reach, write the template."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import pauli
from hybridops.solvers.arrays import array_module
from hybridops.solvers.paired import prepared
from hybridops.solvers.pauli import expectations
from hybridops.solvers.problem import Floats
from hybridops.solvers.sinusoids import lowest_turn, offsets
from hybridops.workflows.molecules_circuit import (
    Plan,
    Point,
    circuit_facts,
    neighbours,
    plan_of,
    text_of,
    turned,
)
from hybridops.workflows.molecules_settings import settings_of
from hybridops.workflows.pauli_json import Molecule, check_claims, parse
from hybridops.workflows.register_steps import needed

ACCURACY = 1.6  # mHa: chemical accuracy, 1 kcal/mol
_SWEEPS = 60
_FLAT = 1e-12  # Hartree


def facts(molecule: Molecule) -> dict[str, Any]:
    """What a page says of a molecule (JSON); raises BadInput where the file states an energy that is not its own."""
    anywhere, up, down = pauli.lowest_anywhere(molecule.hamiltonian)
    check_claims(molecule, exact_energy(molecule), anywhere)
    plan = plan_of(molecule)
    circuit = circuit_facts(plan)
    qubits, words = 2 * molecule.orbitals, len(molecule.hamiltonian.terms)
    return {
        "name": molecule.name,
        "kind": "Molecule",
        "size": f"{qubits} qubits, {words} Pauli words, {2 * molecule.pairs} electrons in {molecule.orbitals} orbitals",
        "geometry": molecule.geometry,
        "basis": molecule.basis,
        "qubits": qubits,
        "words": words,
        "electrons": 2 * molecule.pairs,
        "orbitals": molecule.orbitals,
        "parameters": len(plan.template.halves),
        "settings": len(plan.settings),
        "circuits_max": plan.bindings_max,
        **{name: circuit[name] for name in ("one_qubit_gates", "two_qubit_gates", "depth")},
        "lowest_anywhere": {"energy": anywhere, "up": up, "down": down},
    }


def exact_energy(molecule: Molecule) -> float:
    """The lowest energy with the molecule's own electrons, half of them of each spin, in Hartree."""
    qubits = 2 * molecule.orbitals
    return pauli.lowest(molecule.hamiltonian, pauli.sector(qubits, molecule.pairs, molecule.pairs))


def distance(energy: float, exact: float) -> float:
    """How far an energy is from the exact one, in mHa. Above or below: nothing is better than the exact minimum."""
    return round(1e3 * abs(energy - exact), 9)


def check(step: StepInput) -> StepOutput:
    """Reads the file again within all limits, and checks the energies that it states."""
    begun = time.perf_counter()
    settings_of(step.parameters)
    found = facts(parse(step.problem))
    return StepOutput({"step": "check", **found, "seconds": time.perf_counter() - begun})


def baseline(step: StepInput) -> StepOutput:
    """The exact ground state within the molecule's sector: what every other energy is measured against."""
    begun = time.perf_counter()
    molecule = parse(step.problem)
    exact = exact_energy(molecule)
    anywhere, up, down = pauli.lowest_anywhere(molecule.hamiltonian)
    elsewhere = f"{up} up and {down} down" if (up, down) != (molecule.pairs, molecule.pairs) else ""
    summary = {
        "step": "baseline",
        "method": "exact diagonalisation",
        "objective": 0.0,
        "energy": exact,
        "elsewhere": {"energy": anywhere, "electrons": elsewhere} if elsewhere else None,
        "optimal": True,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def heuristic(step: StepInput) -> StepOutput:
    """The Hartree-Fock determinant."""
    begun = time.perf_counter()
    energy = parse(step.problem).hartree_fock
    summary = {
        "step": "heuristic",
        "method": "Hartree-Fock",
        "objective": distance(energy, exact_of(step)),
        "energy": energy,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def exact_of(step: StepInput) -> float:
    """What `baseline` found."""
    return float(needed(step, "baseline")["energy"])


def start(step: StepInput) -> StepOutput:
    """Trains the template on the simulator: how near it can come at all, and on request where the loop starts."""
    begun = time.perf_counter()
    settings, plan = settings_of(step.parameters), plan_of(parse(step.problem))
    xp, device = array_module(step.prefer_gpu)
    origin = (0.0,) * len(plan.template.halves)
    best, energy, evaluations = trained(plan, origin, xp)
    summary = {
        "step": "start",
        "start": settings.start,
        "method": "classically trained template" if settings.start == "trained" else "from Hartree-Fock",
        "point": list(best if settings.start == "trained" else origin),
        "best": {"point": list(best), "energy": energy, "objective": distance(energy, exact_of(step))},
        "evaluations": evaluations,
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, {}, device, 8 * plan.points << plan.template.qubits)


def trained(plan: Plan, point: Point, xp: Any = np) -> tuple[Point, float, int]:
    """Each parameter in turn to the lowest point of its exact curve, until a sweep gains nothing.

    Hands back the point, its energy and how many circuits were simulated.
    """
    evaluations, lowest = 0, np.inf
    for _ in range(_SWEEPS):
        before, at = lowest, 1
        for number, half in enumerate(plan.template.halves):
            points = neighbours(plan, point)
            curve = [points[0], *points[at : at + len(offsets(half))]]
            at += len(offsets(half))
            values = energies(plan, curve, xp)
            turn = lowest_turn(half, values, np.zeros(len(values)))
            point = turned(plan, point, {number: turn.angle})
            evaluations += len(curve)
            lowest = float(values[0]) - turn.gain
        if before - lowest < _FLAT:
            break
    return point, float(energies(plan, [point], xp)[0]), evaluations


def energies(plan: Plan, points: list[Point], xp: Any = np) -> Floats:
    """The exact energies (b,) of parameter points."""
    return expectations(plan.measured, prepared(plan.template, np.array(points, dtype=float), xp))


def encode(step: StepInput) -> StepOutput:
    """The template with its inputs, their ranges and its digests: what is approved once for the whole loop."""
    begun = time.perf_counter()
    plan, settings = plan_of(parse(step.problem)), settings_of(step.parameters)
    summary = {
        "step": "encode",
        "circuit": {**circuit_facts(plan), "submissions": settings.submissions},
        "angles": {},
        "made_by": "chosen by the loop between submissions, within the ranges approved here",
        "shots": settings.shots,
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, {"circuit": text_of(plan).encode()})
