from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.solvers.qubo import Qubo
from hybridops.solvers.roof_duality import roof_dual
from tests.solvers.instances import all_bits, random_qubo, read

# Coefficients that a product with 2^61 / sum does not keep apart or together, as well as small whole ones.
UNITS = (1.0, 0.25, 3.0, 0.1, 1e-9, 7e11, 2.0**-300)


def sparse(seed: int, n: int, unit: float) -> Qubo:
    """Few couplings and small numbers: many ties, and many variables that can be fixed."""
    qubo = random_qubo(seed, n, density=0.3, size=3)
    return Qubo(qubo.offset, unit * qubo.linear, unit * qubo.quadratic)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 9), st.sampled_from(UNITS))
def test_optima_agree_with_what_is_fixed(seed: int, n: int, unit: float):
    """Strict: every optimum. Weak: at least one, and it fixes no less. The bound is below the optimum."""
    qubo = sparse(seed, n, unit)
    rows = all_bits(n)
    whole = sparse(seed, n, 1.0)  # the same order of energies, without rounding
    energies = whole.energy(rows)
    optima = rows[energies == energies.min()]
    strict, weak = roof_dual(qubo), roof_dual(qubo, strict=False)
    for found in (strict, weak):
        agree = np.all([optima[:, i] == value for i, value in found.values.items()], axis=0)
        assert np.all(agree) if found is strict else np.any(agree)
        lowest = qubo.offset + unit * (float(energies.min()) - whole.offset)
        assert found.lower_bound <= lowest + 1e-12 * max(1.0, abs(lowest))
        assert (found.left is None) == (len(found.values) == n)
        assert found.left is None or len(found.left.kept) == n - len(found.values)
    assert strict.values.items() <= weak.values.items()


def test_ties_stay_ties():
    """Two optima, 10 and 01, whatever the sum of coefficients: strict fixes nothing, weak reaches the bound."""
    for size in range(1, 60):
        tie = Qubo(0.0, np.array([-1.0, -1.0, size]), np.array([[0, 2.0, 0], [0, 0, 0], [0, 0, 0]]))
        found = roof_dual(tie)
        assert found.values == {2: 0}
        assert found.lower_bound == -1.0


@pytest.mark.parametrize(
    ("kind", "name", "strict", "fixed"),
    [
        ("qubo", "gka1a", False, 50), ("qubo", "bqp50-3", True, 50), ("qubo", "bqp50-1", False, 50),
        ("mis", "farm", True, None), ("qubo", "gka1b", False, 0), ("qubo", "gka6a", False, 0),
        ("qubo", "bqp250-1", False, 0), ("maxcut", "g05_60.0", True, 0),
    ],
)  # fmt: skip
def test_published_instances(kind: str, name: str, strict: bool, fixed: int | None):
    """Where all is fixed the bound is the published optimum and the values reach it; elsewhere it is below."""
    qubo, best = read(kind, name)
    found = roof_dual(qubo, strict=strict)
    assert fixed is None or len(found.values) == fixed
    assert found.exact
    assert found.lower_bound <= best
    if found.left is None:
        bits = np.array([[found.values[i] for i in range(qubo.variables)]])
        assert qubo.energy(bits).tolist() == [best] == [found.lower_bound]


def test_the_rest_has_the_same_optimum():
    """`karate`: what is left, solved by trying everything and put back, is the published optimum."""
    qubo, best = read("mis", "karate")
    left = roof_dual(qubo, strict=False).left
    if left is not None:
        rows = all_bits(left.qubo.variables)
        energies = left.qubo.energy(rows)
        assert energies.min() == best
        assert qubo.energy(left.restore(rows[[energies.argmin()]])).tolist() == [best]


def test_coefficients_without_a_common_unit_fix_nothing():
    """A third beside 1e9 needs more than 50 bits: no variable is fixed, the bound still holds and is close."""
    qubo = Qubo(0.5, np.array([1 / 3, -1e9]), np.array([[0.0, 1e-9], [0.0, 0.0]]))
    found = roof_dual(qubo)
    assert not found.exact
    assert found.values == {}
    lowest = float(qubo.energy(all_bits(2)).min())
    assert lowest - 1e-4 < found.lower_bound <= lowest


def test_nothing_at_all():
    """A cost of zeros: every string is an optimum."""
    zero = Qubo(2.0, np.zeros(3), np.zeros((3, 3)))
    assert roof_dual(zero).values == {}
    assert roof_dual(zero, strict=False).lower_bound == 2.0
