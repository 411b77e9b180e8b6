"""Placing a cost on an annealer's graph changes no energy, and comes back the same."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.providers.embedding import Cost, Placed, parse, read_placed

# Three bits on six qubits: a chain of three in a row, one of two, one alone; a ring joins them.
CHAINS = ((0, 1, 2), (3, 4), (5,))
RING = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5)]
NUMBERS = st.integers(-64, 64).map(lambda value: value / 8)


def energy(cost: Cost, bits: tuple[int, ...]) -> float:
    linear = sum(value * bit for value, bit in zip(cost.linear, bits, strict=True))
    return cost.offset + linear + sum(value * bits[i] * bits[j] for i, j, value in cost.quadratic)


@settings(max_examples=40)
@given(NUMBERS, st.tuples(NUMBERS, NUMBERS, NUMBERS), st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_energies_stay_where_chains_agree_and_grow_where_they_do_not(
    offset: float, linear: tuple[float, ...], couplings: tuple[float, ...]
):
    cost = Cost(offset, linear, ((0, 1, couplings[0]), (0, 2, couplings[1]), (1, 2, couplings[2])))
    placed = Placed(cost, CHAINS, 100.0)
    single, double, constant = placed.physical(RING)
    for bits in product((0, 1), repeat=3):
        qubits = [bits[0]] * 3 + [bits[1]] * 2 + [bits[2]]
        found = constant + sum(single[q] * x for q, x in enumerate(qubits))
        found += sum(value * qubits[a] * qubits[b] for (a, b), value in double.items())
        assert found == pytest.approx(energy(cost, bits), abs=1e-9)
    broken = [1, 0, 0, 0, 0, 0]
    told = constant + sum(single[q] * x for q, x in enumerate(broken))
    assert told > min(energy(cost, bits) for bits in product((0, 1), repeat=3))


def test_the_majority_of_a_chain_decides_and_a_tie_is_nought():
    placed = Placed(Cost(0.0, (0.0,) * 3, ()), CHAINS, 1.0)
    rows = np.array([[1, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 0]], dtype=np.uint8)
    bits, broken = placed.unplaced(range(6), rows)
    assert bits.tolist() == [[1, 0, 1], [0, 1, 0]]
    assert broken == pytest.approx(2 / 6)


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_texts_are_read_as_they_were_written(linear: list[float]):
    cost = Cost(1.0, tuple(linear), ())
    placed = Placed(cost, tuple((place,) for place in range(len(linear))), 1.0)
    assert read_placed(placed.text()) == placed
    assert read_placed(placed.text()).text() == placed.text()


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"offset": 0, "linear": [], "quadratic": []}', '{"offset": "0", "linear": [1], "quadratic": []}',
        '{"offset": 0, "linear": [true], "quadratic": []}', '{"offset": 0, "linear": [1], "quadratic": [[0, 0, 1]]}',
        '{"offset": 0, "linear": [1, 1], "quadratic": [[1, 0, 1]]}', '{"offset": 0, "linear": 3, "quadratic": []}',
        '{"offset": 0, "linear": [1, 1], "quadratic": [[0, 1, 1], [0, 1, 2]]}', '{"offset": 0, "linear": [1], "quadratic": [[0, 1]]}',
        '{"offset": NaN, "linear": [1], "quadratic": []}', '{"offset": 0, "linear": [1, 2, 3], "quadratic": []}',
    ],
)  # fmt: skip
def test_what_is_no_cost_is_refused(text: str):
    with pytest.raises(BadInput):
        parse(text, variables_max=2)
