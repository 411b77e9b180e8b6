"""Small molecules of hydrogen and helium from nothing but distances: s-type Gaussians and restricted Hartree-Fock.

Integrals after Szabo, Ostlund, "Modern Quantum Chemistry", appendix A; STO-3G after Hehre, Stewart, Pople,
J. Chem. Phys. 51 (1969) 2657, zeta 1.24 for H and 1.6875 for He.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.solvers.problem import Floats

BOHR = 0.529177210903  # Angstrom, CODATA 2018
_WEIGHTS = (0.1543289673, 0.5353281423, 0.4446345422)
_EXPONENTS = {"H": (3.425250914, 0.6239137298, 0.1688554040), "He": (6.362421394, 1.158922999, 0.3136497915)}
_CHARGES = {"H": 1, "He": 2}
_ROUNDS = 200
_ALIKE = 1e-8  # an eigenvalue of the overlap below which two functions are the same


@dataclass(frozen=True, slots=True, eq=False)
class Orbitals:
    """Integrals over Hartree-Fock orbitals, lowest first, in Hartree: `one` (m, m), `two` (m, m, m, m) as (pq|rs).

    `core` is the repulsion of the nuclei, `energy` that of the closed-shell determinant with it.
    """

    core: float
    one: Floats
    two: Floats
    energy: float


@dataclass(frozen=True, slots=True, eq=False)
class _Shells:
    """m contracted functions as primitives (m, 3): exponents, weights with their norms; centres (m, 3) in Bohr."""

    exponents: Floats
    weights: Floats
    centres: Floats


def orbitals(atoms: Sequence[tuple[str, tuple[float, float, float]]], electrons: int) -> Orbitals:
    """Restricted Hartree-Fock in STO-3G of atoms (symbol, place in Angstrom) with an even number of electrons.

    Raises ValueError where it does not converge, and where two atoms coincide.
    """
    shells = _shells(atoms)
    charges = [_CHARGES[symbol] for symbol, _ in atoms]
    overlap, one = _overlap(shells), _core(shells, charges)
    two = _repulsion(shells)
    coefficients, electronic = _self_consistent(overlap, one, two, electrons // 2)
    core = _nuclei(shells.centres, charges)
    turned = np.einsum(
        "ap,bq,abcd,cr,ds->pqrs", *(coefficients,) * 2, two, *(coefficients,) * 2, optimize=True
    )
    return Orbitals(core, coefficients.T @ one @ coefficients, turned, electronic + core)


def _shells(atoms: Sequence[tuple[str, tuple[float, float, float]]]) -> _Shells:
    exponents = np.array([_EXPONENTS[symbol] for symbol, _ in atoms])
    weights = np.array(_WEIGHTS) * (2 * exponents / np.pi) ** 0.75
    return _Shells(exponents, weights, np.array([place for _, place in atoms]) / BOHR)


def _pairs(shells: _Shells) -> tuple[Floats, Floats, Floats, Floats]:
    """Every product of two primitives as one Gaussian, axes (a, b, i, j): exponent, mu, factor, centre (..., 3)."""
    a, b = shells.exponents[:, None, :, None], shells.exponents[None, :, None, :]
    exponent, mu = a + b, a * b / (a + b)
    apart = ((shells.centres[:, None] - shells.centres[None, :]) ** 2).sum(-1)[:, :, None, None]
    weight = shells.weights[:, None, :, None] * shells.weights[None, :, None, :]
    here, there = shells.centres[:, None, None, None, :], shells.centres[None, :, None, None, :]
    centre = (a[..., None] * here + b[..., None] * there) / exponent[..., None]
    return exponent, mu, weight * np.exp(-mu * apart), centre


def _overlap(shells: _Shells) -> Floats:
    exponent, _, factor, _ = _pairs(shells)
    return np.asarray((factor * (np.pi / exponent) ** 1.5).sum((2, 3)))


def _core(shells: _Shells, charges: Sequence[int]) -> Floats:
    """Kinetic energy and the attraction of every nucleus."""
    exponent, mu, factor, centre = _pairs(shells)
    apart = ((shells.centres[:, None] - shells.centres[None, :]) ** 2).sum(-1)[:, :, None, None]
    found = (factor * mu * (3 - 2 * mu * apart) * (np.pi / exponent) ** 1.5).sum((2, 3))
    for charge, nucleus in zip(charges, shells.centres, strict=True):
        away = ((centre - nucleus) ** 2).sum(-1)
        found -= charge * (factor * 2 * np.pi / exponent * _boys(exponent * away)).sum((2, 3))
    return np.asarray(found)


def _repulsion(shells: _Shells) -> Floats:
    """(ab|cd) for all functions, in chemists' order."""
    exponent, _, factor, centre = _pairs(shells)
    m, width = len(shells.centres), shells.exponents.shape[1] ** 2
    p, f, at = (
        exponent.reshape(m * m * width),
        factor.reshape(m * m * width),
        centre.reshape(m * m * width, 3),
    )
    p, q = p[:, None], p[None, :]
    away = ((at[:, None] - at[None, :]) ** 2).sum(-1)
    found = (
        2 * np.pi**2.5 / (p * q * np.sqrt(p + q)) * _boys(p * q / (p + q) * away) * f[:, None] * f[None, :]
    )
    return np.asarray(found.reshape(m, m, width, m, m, width).sum((2, 5)))


def _boys(t: Floats) -> Floats:
    """The Boys function of order 0, by its series where t is near 0."""
    small = t < 1e-6
    safe = np.where(small, 1.0, t)
    erf = np.vectorize(math.erf, otypes=[float])(np.sqrt(safe))
    return np.asarray(np.where(small, 1 - t / 3, np.sqrt(np.pi / safe) / 2 * erf))


def _self_consistent(overlap: Floats, one: Floats, two: Floats, pairs: int) -> tuple[Floats, float]:
    """Orbitals (m, m) in columns and the electronic energy, from the bare nuclei's orbitals on."""
    values, vectors = np.linalg.eigh(overlap)
    if values[0] < _ALIKE:
        raise ValueError("two atoms stand on one spot, or nearly; move them apart")
    straight = vectors / np.sqrt(values) @ vectors.T
    density, energy = np.zeros_like(one), math.inf
    for _ in range(_ROUNDS):
        fock = one + np.einsum("cd,abcd->ab", density, two) - np.einsum("cd,acbd->ab", density, two) / 2
        _, turned = np.linalg.eigh(straight.T @ fock @ straight)
        coefficients = straight @ turned
        before, energy = energy, float((density * (one + fock)).sum() / 2)
        fresh = 2 * coefficients[:, :pairs] @ coefficients[:, :pairs].T
        if abs(energy - before) < 1e-13 and np.abs(fresh - density).max() < 1e-10:
            return coefficients, energy
        density = fresh
    raise ValueError(
        "Hartree-Fock does not converge for these distances; bring the atoms nearer to each other"
    )


def _nuclei(centres: Floats, charges: Sequence[int]) -> float:
    return sum(
        charges[i] * charges[j] / float(np.linalg.norm(centres[i] - centres[j]))
        for i in range(len(charges))
        for j in range(i)
    )
