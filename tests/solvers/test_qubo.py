from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers.ising import Ising
from hybridops.solvers.qubo import VARIABLES_MAX, Qubo, fix, from_document, from_ising, to_ising
from tests.solvers.instances import all_bits, random_qubo, read, whole_energy

seeds = st.integers(0, 10_000)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 7))
def test_the_energy_is_that_of_whole_numbers(seed: int, n: int):
    """Every string, term by term in Python's integers."""
    qubo = random_qubo(seed, n)
    assert qubo.energy(all_bits(n)).tolist() == [whole_energy(qubo, bits) for bits in all_bits(n)]


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 6))
def test_spins_have_the_same_energies(seed: int, n: int):
    """Both ways, exactly: in fractions the Ising cost of z = 1 - 2x is the cost of x."""
    qubo = random_qubo(seed, n)
    ising = to_ising(qubo)
    for bits in all_bits(n):
        z = [1 - 2 * int(bit) for bit in bits]
        energy = Fraction(ising.offset) + sum(Fraction(ising.fields[i]) * z[i] for i in range(n))
        energy += sum(
            Fraction(ising.couplings[i, j]) * z[i] * z[j] for i in range(n) for j in range(i + 1, n)
        )
        assert energy == whole_energy(qubo, bits)
    assert from_ising(ising).document() == qubo.document()


def test_spins_with_fractions_come_back():
    """Where rounding is possible it stays at the last digits."""
    rng = np.random.default_rng(1)
    ising = Ising(0.1, rng.normal(size=9), np.triu(rng.normal(size=(9, 9)), 1))
    back = to_ising(from_ising(ising))
    assert np.allclose(back.fields, ising.fields, rtol=1e-12)
    assert np.array_equal(back.couplings, ising.couplings)
    assert np.isclose(back.offset, ising.offset, rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(2, 7), st.data())
def test_fixing_keeps_the_energy(seed: int, n: int, data: st.DataObject):
    """Every completion has the energy it has in the whole cost, and says so where it is put back."""
    qubo = random_qubo(seed, n)
    chosen = data.draw(st.dictionaries(st.integers(0, n - 1), st.integers(0, 1), max_size=n - 1))
    left = fix(qubo, chosen)
    rows = all_bits(left.qubo.variables)
    whole = left.restore(rows)
    assert left.qubo.energy(rows).tolist() == qubo.energy(whole).tolist()
    assert all((whole[:, i] == value).all() for i, value in chosen.items())
    assert len({bytes(row) for row in whole}) == len(rows)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 8))
def test_a_document_brings_the_cost_back(seed: int, n: int):
    """Through JSON text, and the second document is the first byte for byte."""
    text = json.dumps(random_qubo(seed, n, density=0.5).document())
    assert json.dumps(from_document(json.loads(text)).document()) == text


def test_minus_zero_is_zero_in_a_document():
    """Equal costs have equal digests."""
    one, other = (Qubo(zero, np.full(2, zero), np.zeros((2, 2))) for zero in (0.0, -0.0))
    assert json.dumps(one.document()) == json.dumps(other.document())


@pytest.mark.parametrize(
    ("offset", "linear", "quadratic", "says"),
    [
        (0.0, np.zeros(0), np.zeros((0, 0)), "1 to 5,000 variables, not 0"),
        (0.0, np.zeros(VARIABLES_MAX + 1), np.zeros((1, 1)), "not 5,001"),
        (0.0, np.zeros(2), np.zeros((3, 3)), "2 x 2"),
        (0.0, np.zeros(2), np.eye(2), "above the diagonal"),
        (0.0, np.zeros(2), np.tril(np.ones((2, 2)), -1), "above the diagonal"),
        (float("nan"), np.zeros(1), np.zeros((1, 1)), "finite"),
        (0.0, np.array([np.inf]), np.zeros((1, 1)), "finite"),
        (0.0, np.full(2, 1.7e308), np.zeros((2, 2)), "finite"),
    ],
)
def test_what_is_no_cost_is_refused(offset: float, linear: np.ndarray, quadratic: np.ndarray, says: str):
    """Sizes, shapes, the lower triangle, numbers that are none."""
    with pytest.raises(BadInput, match=says):
        Qubo(offset, linear, quadratic)


@pytest.mark.parametrize(
    "change",
    [
        {"linear": None}, {"linear": ["a", "b"]}, {"linear": [[1.0], [2.0]]}, {"linear": []}, {"offset": []},
        {"quadratic": [[0, 1]]}, {"quadratic": [[1, 0, 1.0]]}, {"quadratic": [[0, 0, 1.0]]},
        {"quadratic": [[0, 2, 1.0]]}, {"quadratic": [[-1, 1, 1.0]]}, {"quadratic": [[0, 1, 1.0], [0, 1, 2.0]]},
        {"quadratic": [[0, 1, float("nan")]]}, {"linear": [0.0] * (VARIABLES_MAX + 1)},
    ],
)  # fmt: skip
def test_a_document_that_is_none_is_refused(change: dict[str, object]):
    """Always BadInput, whatever JSON carried."""
    document = {"offset": 0.0, "linear": [1.0, 2.0], "quadratic": [[0, 1, 3.0]]}
    assert from_document(document).energy(np.array([[1, 1]])) == [6.0]
    with pytest.raises(BadInput):
        from_document(document | change)


def test_fixing_what_is_not_there_is_refused():
    """Unknown variables, values that are no bits, and everything."""
    qubo = random_qubo(0, 2)
    for values in ({2: 0}, {-1: 0}, {0: 2}, {0: 1, 1: 1}):
        with pytest.raises(BadInput):
            fix(qubo, values)


def test_a_published_optimum_has_its_published_value():
    """The independent set that QOBLIB gives for `karate` is worth what it says, by our reading of the file."""
    from tests.solvers.public import public

    qubo, best = read("mis", "karate")
    lines = public("mis/karate.opt.sol").decode().split("\n")
    chosen = [int(line) - 1 for line in lines if line.strip().isdigit()]
    bits = np.zeros((1, qubo.variables), dtype=np.uint8)
    bits[0, chosen] = 1
    assert qubo.energy(bits).tolist() == [best]
