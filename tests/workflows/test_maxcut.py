from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.control import control
from hybridops.domain.errors import BadInput
from hybridops.solvers import exact
from hybridops.solvers.exact import Proof
from hybridops.solvers.qubo import from_document
from hybridops.workflows.maxcut_input import parse
from hybridops.workflows.maxcut_instance import (
    MAXCUT,
    QUBO,
    Contradiction,
    Instance,
    agree,
    bits_of,
    check,
    cut_weight,
    text_of,
)
from hybridops.workflows.maxcut_narrow import start_of
from hybridops.workflows.maxcut_table import table_of
from hybridops.workflows.register_circuit import energies
from hybridops.workflows.register_verdict import judge, stand_in
from tests.workflows.chain import samples_of, without_seconds
from tests.workflows.maxcut_chain import FLOATS, SQUARE, CutChain, problem
from tests.workflows.maxcut_chain import MAXCUT as FAMILY

RULE = {"against": "heuristic", "worse_by_at_most": 0.0}
REAL = ["qubo/bqp50-1.sparse", "qubo/gka1a.sparse"]
SLOW = ["qubo/gka1b.sparse", "karate", "miserables", "maxcut/pm1s_80.0.mc"]
OPTIMA = {"qubo/gka1b.sparse": -133, "qubo/bqp50-1.sparse": -2098, "qubo/gka1a.sparse": -3414}


@pytest.fixture(scope="module")
def club() -> CutChain:
    """The karate club, sampled without noise and scored."""
    chain = CutChain(problem("karate")).prepared()
    chain.take("score", samples=(chain.ideal_samples(),))
    return chain


def slowly(data: bytes, bits: str) -> Fraction:
    """The objective from the text of the file alone, in fractions: nothing of the product takes part."""
    lines = [line for line in data.decode().splitlines() if line and not line.startswith(("#", "from"))]
    if "," in lines[0]:
        rows = [line.split(",") for line in lines]
        names = list(dict.fromkeys(name for row in rows for name in row[:2]))
        edges = [(names.index(a), names.index(b), Fraction(float(w))) for a, b, w in rows]
    else:
        edges = [(int(i) - 1, int(j) - 1, Fraction(w)) for i, j, w in map(str.split, lines[1:])]
    if any(i == j for i, j, _ in edges):
        return sum((w * (1 if i == j else 2) for i, j, w in edges if bits[i] == bits[j] == "1"), Fraction())
    return sum((w for i, j, w in edges if bits[i] == bits[j]), Fraction())


@pytest.mark.parametrize("name", [*REAL, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_the_whole_chain(name: str) -> None:
    """Every arm is there, none beats the register's best or a proof, and each answer is what its file says."""
    data = problem(name)
    chain = CutChain(data, baseline_seconds=0.3).prepared()
    found = chain.take("score", samples=(chain.ideal_samples(),))
    arms, baseline = found["arms"], chain.results["stage of baseline"]
    sampled = {"quantum", "quantum_raw", "random", "random_raw", "ideal", "ideal_raw"}
    assert set(arms) == {"heuristic", "baseline", "exact_split"} | sampled
    for arm in sampled:
        assert arms[arm]["shots"] == 256
        assert arms[arm]["objective"] >= arms["exact_split"]["objective"]
        assert arms[arm]["objective"] >= baseline["lower_bound"]
    for arm in ("quantum", "random", "ideal"):
        assert arms[arm]["hit_rate"] >= arms[f"{arm}_raw"]["hit_rate"]
    for summary in (found["answer"], baseline, chain.results["stage of heuristic"]):
        assert summary["objective"] == slowly(data, summary["bits"])
    assert found["answer"]["objective"] == arms["quantum"]["objective"]
    assert baseline["objective"] <= arms["heuristic"]["objective"]
    assert found["rules"]["quantum"] == {"valid_share": 1.0, "broken": {"not a bit string": 0}, "repaired": 0}
    assert found["candidates"][0]["objective"] <= arms["quantum"]["objective"]


@pytest.mark.parametrize("name", OPTIMA)
def test_the_baseline_reaches_and_proves_what_is_published(name: str) -> None:
    found = CutChain(problem(name), baseline_seconds=20.0)
    assert found.take("reduce", "baseline")["objective"] == OPTIMA[name]
    assert found.results["stage of baseline"]["proved"]


@pytest.mark.slow
def test_the_baseline_reaches_a_published_cut() -> None:
    """g05_60.0: 536 of 885 (Biq Mac Library)."""
    found = CutChain(problem("maxcut/g05_60.0.mc"), baseline_seconds=0.05).take("reduce", "baseline")
    assert (found["cut_weight"], found["objective"]) == (536, 885 - 536)


def test_the_same_run_gives_the_same_bytes() -> None:
    """Same problem, parameters and seed: the same summaries but for seconds; another seed starts elsewhere."""
    first, second, other = (CutChain(SQUARE, seed=seed).prepared() for seed in (7, 7, 8))
    for chain in (first, second):
        chain.take("score", samples=(chain.ideal_samples(),))
    assert without_seconds(first.results) == without_seconds(second.results)
    assert other.results["stage of heuristic"]["seed"] == 8


def test_roof_duality_makes_a_qpu_needless() -> None:
    """bqp50-1 is decided whole: the control has its optimum, and the gate would ask nobody."""
    chain = CutChain(problem("qubo/bqp50-1.sparse")).prepared()
    told = chain.results["stage of control"]["control"]
    assert told["roof_duality"] == -2098
    found = control(RULE, told)
    assert "roof_duality" in found.reached_by and not found.needed


def test_a_graph_of_two_colours_is_decided_although_both_sides_are_equal() -> None:
    """A ring of six with one chord: bipartite, so nothing is left once one node has its side."""
    ring = b"6 7\n1 2\n2 3\n3 4\n4 5\n5 6\n6 1\n1 4\n"
    found = CutChain(ring).take("reduce")
    assert (found["left"], found["objective"], found["fixed"], found["given"]) == (0, 0, 5, 1)
    assert found["decided"] in ("010101", "101010")


def test_what_is_decided_is_not_sampled(club: CutChain) -> None:
    """Roof duality decides 4 members of the karate club: no qubit is spent on them, and the answer agrees."""
    decided = club.results["stage of reduce"]["decided"]
    document = club.stored("narrow", "subproblem")
    assert club.results["stage of reduce"]["fixed"] >= 1
    assert all(decided[at] == "-" for at in document["register"])
    told = [(bit, fixed) for bit, fixed in zip(document["incumbent"], decided, strict=True) if fixed != "-"]
    assert all(bit == fixed for bit, fixed in told)


def test_either_side_of_a_graph_starts_the_same(club: CutChain) -> None:
    """An answer and its complement are one cut: both agree with what is decided, and neither gets worse."""
    instance, told = parse(problem("karate")), club.results["stage of reduce"]["decided"]
    fixed = {at: int(bit) for at, bit in enumerate(told) if bit != "-"}
    bits = bits_of(club.results["stage of heuristic"]["bits"])
    one, other = (start_of(instance, instance.qubo(), side, fixed) for side in (bits, 1 - bits))
    assert (one.bits == other.bits).all() and (one.pool == other.pool).all()
    assert {at: int(one.bits[at]) for at in fixed} == fixed
    assert check(instance, text_of(one.bits.tolist())) <= check(instance, text_of(bits.tolist()))


def test_small_graphs_fit_whole_and_floats_are_no_trouble() -> None:
    """Weights that no sum of floats gets right: arms agree with the checker, equal answers count as equal."""
    chain = CutChain(FLOATS, qubits_max=8).prepared()
    found = chain.take("score", samples=(chain.ideal_samples(),))
    best = min(slowly(FLOATS, f"{state:05b}") for state in range(32))
    assert found["arms"]["exact_split"]["objective"] == pytest.approx(float(best), abs=1e-12)
    assert found["arms"]["quantum"]["hit_rate"] == found["arms"]["quantum"]["feasible_share"] == 1.0
    assert found["verdict"]["accepted"]


def test_the_table_is_the_file_and_not_the_circuit(club: CutChain) -> None:
    """Every state of a register has the objective that the file's text gives it, and the circuit's energy differs by a
    constant."""
    data = problem("karate")
    document = club.stored("narrow", "subproblem")
    table = table_of(parse(data), document, energies(document))
    for state in range(0, 4096, 37):
        assert table.objective[state] == slowly(data, table.answer(state)) == table.checked(state)
    apart = table.objective - table.energy
    assert apart.max() - apart.min() < 1e-9


def test_a_table_that_lies_is_found_out() -> None:
    chain = CutChain(SQUARE).prepared()
    document = chain.stored("narrow", "subproblem")
    table = table_of(parse(SQUARE), document, energies(document))
    table.objective[0] -= 1
    with pytest.raises(Contradiction, match="says"):
        table.checked(0)


def test_an_annealer_gets_the_cost_that_the_circuit_samples() -> None:
    """Every state of the register has the same energy in both."""
    chain = CutChain(problem("karate")).prepared()
    document = chain.stored("narrow", "subproblem")
    cost = from_document(chain.stored("encode", "cost"))
    states = np.arange(1 << cost.variables)[:, None] >> np.arange(cost.variables)[::-1] & 1
    assert np.allclose(cost.energy(states), energies(document) + document["ising"]["offset"])


@pytest.mark.parametrize("step", ["control", "score"])
def test_nothing_may_beat_a_proof(step: str) -> None:
    """A bound above what is reached: one of the two is wrong, so nothing is answered."""
    chain = CutChain(SQUARE)
    chain.take("check", "reduce", "heuristic", "baseline", "narrow", "encode")
    proved = dict(chain.results["stage of baseline"])
    chain.results["stage of baseline"] = proved | {"lower_bound": proved["objective"] + 1}
    with pytest.raises(Contradiction, match="below the proved bound"):
        chain.take(step, samples=(chain.ideal_samples(),))


def test_a_search_below_a_proof_stops_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that proves a bound above what tabu search has: nobody is believed."""
    lies = Proof("optimal", None, None, 1e6, 0.1, 0.1, "HiGHS")
    monkeypatch.setattr(exact, "solve", lambda *told, **more: lies)
    with pytest.raises(Contradiction, match="below the proved bound of 1000000"):
        CutChain(problem("karate")).take("reduce", "baseline")


def test_partial_and_strange_samples_are_told() -> None:
    chain = CutChain(SQUARE).prepared()
    qubits = chain.results["stage of narrow"]["qubits"]
    found = chain.take("score", samples=(samples_of({"0" * qubits: 5, "2" * qubits: 2, "0": 1}, 10),))
    assert found["samples"]["partial"] and found["samples"]["shots_done"] == 8
    assert found["rules"]["quantum"]["broken"] == {"not a bit string": 3}
    nothing = chain.take("score", samples=(samples_of({}, 10),))
    assert nothing["answer"]["objective"] is None and not nothing["verdict"]["accepted"]
    assert "picture" not in nothing["artifacts"]


def test_the_classical_answer_stands_in() -> None:
    """Without the quantum stage the better classical answer has the same shape, and says so."""
    chain = CutChain(SQUARE).prepared()
    full = chain.take("score", samples=(chain.ideal_samples(),))
    found = chain.take("answer_classically")
    assert found["degraded"] and not full["degraded"]
    assert found["answer"]["objective"] == found["arms"]["baseline"]["objective"]
    assert set(found) == set(full) and set(found["verdict"]) == set(full["verdict"])


def test_artifacts_serve_a_reader(club: CutChain) -> None:
    """The solution names every node once on its side; the picture's counts are those of its own edges."""
    found = club.results["stage of score"]
    solution, drawn = club.stored("score", "solution"), club.stored("score", "picture")
    assert sorted(solution["ones"] + solution["zeros"]) == sorted(f"Member {at}" for at in range(1, 35))
    assert len(drawn["places"]) == len(drawn["labels"]) == len(drawn["sides"]) == drawn["nodes"] == 34
    apart = [w for i, j, w in drawn["edges"] if drawn["sides"][i] != drawn["sides"][j]]
    assert (len(apart), sum(apart)) == (drawn["cut_count"], drawn["cut_weight"])
    assert drawn["cut_weight"] + drawn["uncut_weight"] == 231
    assert solution["cut_weight"] == found["answer"]["cut_weight"] == drawn["cut_weight"]


def test_a_graph_too_large_to_draw_keeps_its_counts() -> None:
    path = b"300 299\n" + b"".join(b"%d %d 1\n" % (at, at + 1) for at in range(1, 300))
    chain = CutChain(path).prepared()
    chain.take("score", samples=(chain.ideal_samples(),))
    drawn = chain.stored("score", "picture")
    assert (drawn["places"], drawn["nodes"], drawn["edge_count"]) == ([], 300, 299)


def test_a_step_out_of_order_says_what_is_missing() -> None:
    with pytest.raises(BadInput, match="runs the step 'heuristic' before it"):
        CutChain(SQUARE).take("narrow")


def test_describe_and_estimate() -> None:
    """A file without a title is called after itself; the estimate needs nothing but the facts."""
    found = FAMILY.describe(SQUARE, "uploads/square.mc")
    assert (found["name"], found["size"], found["kind"]) == ("square", "4 nodes, 5 edges", MAXCUT)
    assert FAMILY.estimate(found, {"qubits_max": 12}).qubits == 4
    assert FAMILY.estimate({"variables": 900}, {"qubits_max": 12}).qubits == 12
    with pytest.raises(BadInput):
        FAMILY.estimate({}, {})


weights = st.one_of(st.integers(-9, 9).map(float), st.floats(-5, 5, allow_nan=False))


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    n = draw(st.integers(2, 6))
    kind = draw(st.sampled_from([MAXCUT, QUBO]))
    pairs = [(i, j) for i in range(n) for j in range(i, n) if kind == QUBO or i < j]
    terms = tuple(
        (i, j, draw(weights)) for i, j in draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    )
    offset = draw(weights) if kind == QUBO else 0.0
    return Instance("any", kind, tuple("abcdef"[:n]), terms, offset)


@given(instances())
@settings(max_examples=60, deadline=None)
def test_the_matrix_and_the_checker_agree_on_every_answer(instance: Instance) -> None:
    """Two ways to the same figure that share nothing; the two weights of a cut make the whole."""
    n = instance.variables
    rows = np.array([[state >> at & 1 for at in range(n)] for state in range(1 << n)])
    for bits, energy in zip(rows, instance.qubo().energy(rows), strict=True):
        text = text_of(bits.tolist())
        agree(instance, text, float(energy))
        if instance.is_graph:
            assert check(instance, text) + cut_weight(instance, text) == pytest.approx(
                instance.total, abs=1e-9
            )


def test_the_checker_takes_no_half_answer() -> None:
    instance = parse(SQUARE)
    for bits in ("010", "01010", "012-"):
        with pytest.raises(Contradiction):
            check(instance, bits)
    with pytest.raises(Contradiction):
        agree(instance, "0101", check(instance, "0101") + 1)


@pytest.mark.parametrize(
    ("best", "answer", "quality"),
    [(-100.0, -90.0, 0.9), (-90.0, -100.0, 100 / 90), (0.0, 0.0, 1.0), (-1.0, 1.0, None), (90.0, 100.0, 0.9)],
)
def test_more_quality_is_better_whatever_the_sign(best: float, answer: float, quality: float | None) -> None:
    arms: dict[str, Any] = {"heuristic": {"objective": best}, "quantum": {"objective": answer}}
    assert judge(arms, RULE, "the start")["quality"] == quality
    told = stand_in(answer, "heuristic", arms)
    worse = told["improvement_over_incumbent"]
    assert worse is None or (worse < 0) == (answer > best)
