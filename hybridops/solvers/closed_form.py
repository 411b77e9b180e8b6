"""The expectation of one-layer QAOA in closed form, for any Ising cost and any size: no state vector.

Ozaeta, van Dam, McMahon 2020 (arXiv:2012.03421), theorem 1, in this package's signs: exp(-i gamma C), then
exp(+i beta sum X). <C> - offset = A(gamma) sin 2b + B(gamma) sin 4b + D(gamma) sin^2 2b, so the sums over spins
are made once a gamma.
"""

from __future__ import annotations

import numpy as np

from hybridops.solvers.ising import Ising
from hybridops.solvers.problem import Floats, Ints

_NUMBERS = 1 << 18  # of one block of products: as much as stays in a core's cache


def expectation(ising: Ising, gammas: Floats, betas: Floats) -> Floats:
    """<C> - offset, float64, for angles of shape (b,) each; O(n^3) a gamma, O(n^2 k) with k neighbours a spin."""
    field, single, double = coefficients(ising, gammas).T
    turned = np.sin(2 * betas)
    return np.asarray(field * turned + single * np.sin(4 * betas) + double * turned**2)


def coefficients(ising: Ising, gammas: Floats) -> Floats:
    """A, B and D of each gamma, shape (g, 3)."""
    block = max(1, _NUMBERS // ising.qubits**2)
    parts = [_coefficients(ising, gammas[at : at + block]) for at in range(0, len(gammas), block)]
    return np.concatenate(parts) if parts else np.zeros((0, 3))


def _coefficients(ising: Ising, gammas: Floats) -> Floats:
    couplings = ising.couplings + ising.couplings.T
    angle = 2 * gammas[:, None, None] * couplings
    cosine, sine = np.cos(angle), np.sin(angle)
    local = 2 * gammas[:, None] * ising.fields
    field = -(ising.fields * np.sin(local) * cosine.prod(axis=2)).sum(axis=1)
    single, double = np.zeros(len(gammas)), np.zeros(len(gammas))
    for i in range(ising.qubits):
        near = np.flatnonzero(couplings[i])
        others = _products_of_others(cosine[:, i, near])
        single -= np.cos(local[:, i]) * ((couplings[i, near] * sine[:, i, near]) * others).sum(axis=1) / 2
        later = near[near > i]
        for sign in (1, -1):
            apart = np.cos(local[:, i, None] - sign * local[:, later])
            terms = couplings[i, later] * apart * _product(cosine, sine, i, later, sign)
            double += sign * terms.sum(axis=1) / 2
    return np.stack((field, single, double), axis=1)


def _products_of_others(factors: Floats) -> Floats:
    """For each factor of (g, d) the product of the others, without dividing."""
    one = np.ones((len(factors), 1))
    before = np.concatenate((one, factors[:, :-1]), axis=1).cumprod(axis=1)
    after = np.concatenate((one, factors[:, :0:-1]), axis=1).cumprod(axis=1)[:, ::-1]
    return np.asarray(before * after)


def _product(cosine: Floats, sine: Floats, i: int, later: Ints, sign: int) -> Floats:
    """Over all k but i and j, of cos 2 gamma (J_ik - sign J_jk), for each j in `later`: shape (g, j)."""
    factors = cosine[:, i, None, :] * cosine[:, later] + sign * sine[:, i, None, :] * sine[:, later]
    factors[:, :, i] = 1
    factors[:, np.arange(len(later)), later] = 1
    return np.asarray(factors.prod(axis=2))
