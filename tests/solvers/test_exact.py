from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers import exact, exact_highs, exact_scip
from hybridops.solvers.exact import Proof, solve
from hybridops.solvers.exact_process import Solved
from hybridops.solvers.qubo import Qubo
from tests.solvers.instances import all_bits, random_qubo, read, whole_energy

Misbehave = Callable[..., Proof]


@pytest.mark.parametrize("inside", [exact_highs.solve, exact_scip.solve])
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 7), st.data())
def test_the_optimum_is_found_and_proved(
    inside: Callable[[Qubo, float, int | None], Solved], seed: int, n: int, data: st.DataObject
):
    """Against every string, with and without a number of ones."""
    qubo, rows = random_qubo(seed, n), all_bits(n)
    ones = data.draw(st.none() | st.integers(0, n))
    lowest = qubo.energy(rows if ones is None else rows[rows.sum(axis=1) == ones]).min()
    found = inside(qubo, 60.0, ones)
    assert found.optimal
    assert found.bits is not None and found.bound is not None
    assert ones is None or sum(found.bits) == ones
    assert whole_energy(qubo, found.bits) == lowest
    assert abs(found.bound - lowest) < 1e-4


@pytest.mark.parametrize("solver", ["HiGHS", "SCIP"])
def test_a_process_of_its_own_answers(solver: str):
    """A published optimum, proved; its bits checked in whole numbers."""
    qubo, best = read("qubo", "gka1b")
    found = solve(qubo, solver=solver, seconds=60)
    assert (found.status, found.energy, found.reason) == ("optimal", best, "")
    assert found.bits is not None and whole_energy(qubo, found.bits.tolist()) == best
    assert best - 1e-3 < found.lower_bound <= best
    assert found.cpu_seconds is not None and found.cpu_seconds > 0


@pytest.fixture
def misbehave(monkeypatch: pytest.MonkeyPatch) -> Misbehave:
    """Asks a process that does as told about x in {0, 1}^2 with E = -x_0 - x_1."""

    def ask(how: str, ones: int | None = None, **changes: Any) -> Proof:
        monkeypatch.setitem(exact.SOLVERS, "SCIP", "tests.solvers.misbehaving")
        monkeypatch.setenv("MISBEHAVE", how)
        monkeypatch.setenv("CHANGES", json.dumps(changes))
        monkeypatch.setattr(exact, "GRACE_SECONDS", 1.0 if how == "hang" else 60.0)
        return solve(Qubo(0.0, -np.ones(2), np.zeros((2, 2))), solver="SCIP", seconds=0.1, ones=ones)

    return ask


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("hang", "was killed after 1 seconds"), ("crash", "ended with -11"), ("raise", "MemoryError: no room for the tree"),
        ("silent", "wrote no answer"), ("no json", "wrote no answer"), ("[1]", "wrote no answer"), ("{}", "cannot be read"),
    ],
)  # fmt: skip
def test_a_process_that_fails_is_a_clear_answer(misbehave: Misbehave, how: str, says: str):
    """It neither hangs nor raises, and it claims nothing."""
    found = misbehave(how)
    assert found.status == "failed"
    assert says in found.reason
    assert (found.bits, found.energy, found.lower_bound) == (None, None, float("-inf"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"bits": [1, 2]}, "not made of bits"), ({"bits": [1]}, "not made of bits"), ({"bits": "11"}, "not made of bits"),
        ({"bound": -1.5}, "does not fit"), ({"optimal": True}, "does not fit"), ({"bound": "x"}, "cannot be read"),
    ],
)  # fmt: skip
def test_a_false_answer_is_not_believed(misbehave: Misbehave, changes: dict[str, Any], says: str):
    """Bits that are none, a bound above the energy, an optimum that the bound does not prove."""
    assert misbehave("answer").status == "time limit"
    found = misbehave("answer", **changes)
    assert found.status == "failed"
    assert says in found.reason


def test_cut_by_time(misbehave: Misbehave):
    """Bits without a proof, a bound without bits, too many ones: each is said as what it is."""
    found = misbehave("answer", bound=-3.5)
    assert (found.status, found.energy, found.lower_bound) == ("time limit", -2.0, -3.5)
    assert misbehave("answer", bits=None, bound=-3.5).lower_bound == -3.5
    assert misbehave("answer", bits=None, bound=None).lower_bound == float("-inf")
    assert "has 2 ones" in misbehave("answer", ones=1).reason


def test_what_cannot_be_asked_is_refused():
    """Unknown solver, no time, more ones than variables."""
    qubo = random_qubo(0, 3)
    for wrong in (
        {"solver": "CPLEX"},
        {"seconds": 0.0},
        {"seconds": float("nan")},
        {"ones": 4},
        {"ones": -1},
    ):
        with pytest.raises(BadInput):
            solve(qubo, **({"solver": "SCIP", "seconds": 1.0} | wrong))


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["HiGHS", "SCIP"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("qubo", "gka6a"),
        ("qubo", "gka7a"),
        ("qubo", "gka3b"),
        ("qubo", "bqp50-1"),
        ("mis", "football"),
        ("mis", "es60fst04"),
    ],
)
def test_published_optima_are_proved_again(solver: str, kind: str, name: str):
    """Up to 162 variables, within a minute."""
    qubo, best = read(kind, name)
    found = solve(qubo, solver=solver, seconds=60)
    assert (found.status, found.energy) == ("optimal", best)


@pytest.mark.slow
def test_time_is_kept():
    """A hard one: bits and a bound around the published value, when its seconds are over."""
    qubo, best = read("maxcut", "g05_60.0")
    found = solve(qubo, solver="SCIP", seconds=3)
    assert found.status == "time limit"
    assert found.energy is not None and found.lower_bound <= best <= found.energy
