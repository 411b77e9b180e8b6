"""The kernel family from table to score: what no choice may see, the template, parts that are missing, its honesty."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.control import control
from hybridops.domain.envelope import VALUES_MAX
from hybridops.domain.errors import BadInput
from hybridops.engine.builtin import document
from hybridops.engine.intake import BUILTINS
from hybridops.solvers.feature_map import kernel
from hybridops.workflows.kernels_answer import RULE
from hybridops.workflows.kernels_builtin import breast_cancer, digits, iris
from hybridops.workflows.kernels_circuit import names, ranges, text_of, values
from hybridops.workflows.kernels_loop import estimated, submissions
from hybridops.workflows.kernels_order import TESTS_MIN, Target, order, target, usable
from hybridops.workflows.kernels_prepare import REACH, prepared
from hybridops.workflows.kernels_settings import REFERENCES, SUBMISSIONS, settings_of
from hybridops.workflows.table_csv import Table, parse
from tests.workflows.kernels_chain import KERNELS, KernelsChain, exact_by_binding


@pytest.fixture(scope="module")
def gate() -> KernelsChain:
    """The irises up to the gate, once for all tests; each takes its own run from there."""
    return KernelsChain(iris()).prepared()


def test_facts_and_estimate():
    facts = KERNELS.describe(iris(), "folder/x.csv")
    assert facts["name"] == "Iris versicolor and virginica"
    assert facts["size"] == "100 rows, 4 features, 50 versicolor and 50 virginica"
    nameless = iris().partition(b"\n")[2]
    assert KERNELS.describe(nameless, "folder/my irises.csv")["name"] == "my irises"
    estimate = KERNELS.estimate(facts, {"features": 10, "entries_max": 400})
    assert (estimate.qubits, estimate.submissions_max, estimate.circuits_max) == (4, 4, 100)
    assert estimate.two_qubit_gates >= 18
    with pytest.raises(BadInput, match="facts"):
        KERNELS.estimate({"stops": 3}, {})


@pytest.mark.parametrize(
    "wrong", [{"shots": 1}, {"features": 0}, {"features": 11}, {"entries_max": 50}, {"shots": 0.5}]
)
def test_parameters_are_checked_again(wrong: dict[str, object]):
    with pytest.raises(BadInput) as caught:
        KernelsChain(iris(), **wrong).take("check")
    assert caught.value.field == next(iter(wrong))


def test_the_shipped_definition_is_that_of_this_code():
    body = document("kernels")
    assert body["acceptance"] == RULE
    assert body["submissions_max"] == SUBMISSIONS
    assert {stage["step"] for stage in body["stages"]} <= {*KERNELS.steps, "compile", ""}
    assert next(stage["step"] for stage in body["stages"] if stage["kind"] == "quantum") == "next"
    assert [one.data for one in BUILTINS["kernels"]] == [breast_cancer, iris, digits]
    defaults = {parameter["name"]: parameter["default"] for parameter in body["parameters"]}
    assert KernelsChain(iris()).input.parameters == defaults
    for parameter in body["parameters"]:
        for end in ("low", "high"):
            settings_of(defaults | {parameter["name"]: parameter[end]})


def test_no_setting_binds_more_values_than_are_put_on_record():
    for features in range(1, 11):
        inputs = len(ranges(features, 1.0))
        assert inputs == 2 * (2 * features - 1)
        assert settings_of({"features": features, "entries_max": 400}).bindings_max * inputs <= VALUES_MAX


def test_the_held_out_part_is_seen_by_no_choice():
    """Other values and classes in the test rows change no choice, no landmark and no feature of a training row."""
    table = parse(iris())
    points = prepared(table, 3, 7)
    assert set(points.train).isdisjoint(points.test)
    assert len(points.train) + len(points.test) == len(table.labels)
    values_, labels = table.values.copy(), table.labels.copy()
    values_[points.test] = 40 + 9 * values_[points.test][::-1]
    other = prepared(Table("x", table.columns, table.target, table.classes, values_, labels), 3, 7)
    assert np.array_equal(points.train, other.train)
    assert np.allclose(points.components[points.train], other.components[points.train])
    assert np.allclose(points.columns[points.train], other.columns[points.train])


def test_the_choices_do_not_follow_the_test_values(gate: KernelsChain):
    lines = iris().decode().splitlines()
    points = prepared(parse(iris()), 4, 7)
    for row in points.test.tolist():
        cells = lines[row + 2].split(",")
        lines[row + 2] = ",".join([*(f"{float(cell) * 1.7 + 3:g}" for cell in cells[:-1]), cells[-1]])
    other = KernelsChain("\n".join(lines).encode())
    told = other.take("check", "baseline", "simulate")
    first = gate.results["stage of simulate"]
    same = ("bandwidth", "inner", "target", "landmarks", "costs", "alike")
    assert {name: told[name] for name in same} == {name: first[name] for name in same}
    assert told["tests"] != first["tests"]


def test_preparation_of_awkward_columns():
    """Collinear columns, and one that varies in a single row only."""
    rng = np.random.default_rng(1)
    base = rng.normal(size=(40, 1))
    lonely = np.zeros((40, 1))
    lonely[0] = 1e6
    stacked = np.hstack([base, 2 * base, -base, lonely])
    table = Table("x", tuple("abcd"), "k", ("0", "1"), stacked, np.arange(40) % 2)
    for seed in range(6):
        points = prepared(table, 4, seed)
        assert np.isfinite(points.components).all()
        assert np.abs(points.components).max() <= REACH
        assert points.qubits == 4


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_all_zero_in_the_template_is_the_simulated_kernel(qubits: int, seed: int):
    first, second = np.random.default_rng(seed).normal(size=(2, 1, qubits))
    bound = values(first[0].tolist(), second[0].tolist())
    found = exact_by_binding(text_of(qubits), bound)
    assert found[0] == pytest.approx(kernel(first, second)[0, 0], abs=1e-9)
    assert set(bound) == set(ranges(qubits, 1.0)) == {*names(qubits, "x"), *names(qubits, "y")}


def test_the_template_is_read_by_its_letters(gate: KernelsChain):
    """Every input is declared and used, every circuit that is asked for stays within what is approved."""
    told = gate.results["stage of encode"]["circuit"]
    text = gate.stored("encode", "circuit").decode()
    declared = [line.split()[-1].rstrip(";") for line in text.splitlines() if line.startswith("input ")]
    assert declared == list(told["inputs"])
    assert all(text.count(name) > 1 for name in declared)
    assert told["two_qubit_gates"] == text.count("cx ") == 18
    run = gate.again().measured()
    assert len(run.input.bindings) <= SUBMISSIONS
    assert sum(map(len, run.input.bindings)) <= run.input.parameters["entries_max"]
    for sent in run.input.bindings:
        assert REFERENCES < len(sent) <= told["bindings_max"]
        for one in sent:
            assert set(one) == set(declared)
            assert all(
                told["inputs"][name][0] <= value <= told["inputs"][name][1] for name, value in one.items()
            )


@given(st.integers(20, 400), st.integers(2, 16), st.integers(1, 120))
def test_every_beginning_of_the_order_is_a_smaller_experiment(budget: int, most: int, tests: int):
    wanted = target(budget, most, tests)
    found = order(wanted)
    assert len(found) == len(set(found)) == wanted.entries
    assert wanted.landmarks <= most
    assert wanted.tests <= tests
    assert wanted.entries <= budget or wanted.landmarks == 2
    size, judged = usable(wanted, found)
    assert (size, len(judged)) == (wanted.landmarks, wanted.tests) or wanted.tests < TESTS_MIN
    for share in (2, 3):
        beginning = found[: len(found) // share]
        size, judged = usable(wanted, set(beginning))
        assert Target(size, len(judged)).entries <= len(beginning)
        if len(beginning) >= 55 and tests >= 12 and most >= 4:
            assert size >= 3
            assert len(judged) >= 9


def test_the_whole_way(gate: KernelsChain):
    run = gate.again().measured()
    summary = run.take("score")
    arms = summary["arms"]
    assert set(arms) >= {"heuristic", "baseline", "random", "alike", "ideal", "quantum", "quantum_raw"}
    assert summary["samples"]["entries"] == run.plan.target.entries
    assert summary["tests"] == run.plan.target.tests
    for arm in arms.values():
        assert 0 <= arm["low"] <= arm["objective"] <= arm["high"] <= 100
    assert arms["quantum"]["objective"] < arms["random"]["objective"]
    drawn = json.loads(run.stored("score", "picture"))
    size = summary["landmarks"]
    assert len(drawn["rows"]) == size + len(drawn["decided"])
    measured, exact = (np.array([row[name] for row in drawn["rows"]]) for name in ("measured", "exact"))
    assert np.abs(measured - exact).max() < 6 * 0.5 / np.sqrt(512)
    assert np.allclose(np.array(measured[:size]).diagonal(), 1)
    solution = json.loads(run.stored("score", "solution"))
    assert len(solution["entries"]) == run.plan.target.entries
    assert set(solution["decisions"]["quantum"]) <= {"versicolor", "virginica"}


def test_the_control_is_judged_by_the_rule_that_judges_the_answer(gate: KernelsChain):
    told = gate.results["stage of control"]["control"]
    found = control(RULE, told)
    assert "baseline" in found.reached_by, "a QPU is not needed for what a classical machine does"
    assert told["random"] > told["baseline"]


def test_a_score_claims_no_difference_that_its_interval_does_not_show(gate: KernelsChain):
    summary = gate.again().measured().take("score")
    assert "no difference shown" in summary["credit_why"]
    assert set(summary["arms"]["quantum"]["undecided"]) == {"baseline", "heuristic"}
    assert summary["verdict"]["credit"] == "nobody"


def test_the_same_seed_gives_the_same_run():
    first, second = (KernelsChain(iris(), seed=3, entries_max=60).prepared() for _ in range(2))
    left, right = (
        {name: row for name, row in one.results["stage of simulate"].items() if name != "seconds"}
        for one in (first, second)
    )
    assert left == right
    assert first.asked() == second.asked()


@pytest.mark.parametrize(("submissions_", "least"), [(1, 12), (2, 12), (3, 15)])
def test_a_narrowed_approval_leaves_a_whole_answer(gate: KernelsChain, submissions_: int, least: int):
    run = gate.again().measured(submissions_)
    assert len(run.input.samples) == submissions_
    assert run.asked(0) is None
    summary = run.take("score")
    assert summary["arms"]["quantum"]["objective"] is not None
    assert summary["tests"] >= least
    assert summary["landmarks"] >= 4
    assert "kernel entries came back" in summary["remarks"][0]


def test_what_did_not_come_back_is_asked_again(gate: KernelsChain):
    run = gate.again()
    asked = run.asked(4)
    assert asked is not None
    counts = tuple({"0000": 512} for _ in asked)
    run.retrieved(asked, counts[:30])
    again = run.asked(3)
    assert again is not None
    assert again[REFERENCES : REFERENCES + len(asked) - 30] == asked[30:]
    holes = gate.again()
    holes.retrieved(asked, (*counts[:10], {}, *counts[11:]))
    later = holes.asked(3)
    assert later is not None
    assert later[REFERENCES] == asked[10], "what has no shots is missing too"


def test_too_few_entries_give_no_answer_and_say_so(gate: KernelsChain):
    run = gate.again()
    asked = run.asked()
    assert asked is not None
    run.retrieved(asked, tuple({"0000": 512} for _ in asked[:9]))
    summary = run.take("score")
    assert summary["arms"]["quantum"]["objective"] is None
    assert summary["verdict"]["accepted"] is False
    assert "too few to decide" in summary["credit_why"]
    assert summary["arms"]["baseline"]["objective"] is not None
    empty = gate.again().take("score")
    assert empty["arms"]["quantum"]["objective"] is None
    assert empty["samples"]["entries"] == 0


def test_foreign_circuits_and_unreadable_outcomes_are_not_believed(gate: KernelsChain):
    run = gate.again()
    asked = run.asked()
    assert asked is not None
    moved = [{name: value + 0.01 for name, value in one.items()} for one in asked]
    run.retrieved(moved, tuple({"0000": 512} for _ in moved))
    run.retrieved(asked, tuple({"0000": 256, "00": 256} for _ in asked))
    first, second = submissions(run.input, run.plan)
    assert (first.entries, first.foreign) == ({}, len(moved))
    assert set(second.entries.values()) == {(256, 512)}
    assert "none of this run's" in run.take("score")["credit_why"]


@pytest.mark.parametrize("depolarised", [0.2, 0.5])
def test_references_take_the_noise_out_again(gate: KernelsChain, depolarised: float):
    run = gate.again().measured(depolarised=depolarised)
    plan = run.plan
    found = submissions(run.input, plan)
    raw, mended = (estimated(found, plan.qubits, mended=mend) for mend in (False, True))
    exact = kernel(plan.array, plan.array)
    off = [np.mean([abs(known[entry] - exact[entry]) for entry in plan.order]) for known in (raw, mended)]
    assert off[1] < off[0] / 2
    assert found[0].damping(plan.qubits) == pytest.approx(1 - depolarised, abs=0.06)
    assert all(0 <= value <= 1 for value in mended.values())


def test_where_nothing_is_left_nothing_is_divided(gate: KernelsChain):
    summary = gate.again().measured(depolarised=0.95).take("score")
    assert "its entries stay as measured" in summary["credit_why"]
    arms = summary["arms"]
    assert arms["quantum"]["objective"] == arms["quantum_raw"]["objective"]


def test_equal_rows_share_their_circuits():
    """Every row twice: a test point may be a landmark, and then its kernel is a reference too."""
    lines = iris().decode().splitlines()
    run = (
        KernelsChain("\n".join([*lines[:2], *lines[2:42] * 2, *lines[52:92] * 2]).encode())
        .prepared()
        .measured()
    )
    plan = run.plan
    known = {entry for sent in submissions(run.input, plan) for entry in sent.entries}
    assert known == set(plan.order)
    assert run.take("score")["arms"]["quantum"]["objective"] is not None


def test_the_classical_answer_stands_in(gate: KernelsChain):
    run = gate.again()
    summary = run.take("answer_classically")
    assert summary["degraded"] is True
    assert summary["verdict"]["accepted"] is False
    assert "quantum" not in summary["arms"]
    assert json.loads(run.stored("answer_classically", "picture"))["rows"][0]["measured"] is None


def test_the_smallest_table_runs():
    rng = np.random.default_rng(2)
    rows = [
        f"{a:.3f},{b:.3f},{at % 2}"
        for at, (a, b) in enumerate(rng.normal(size=(20, 2)) + np.arange(20)[:, None] % 2 * 3)
    ]
    run = KernelsChain("\n".join(["a,b,k", *rows]).encode()).prepared().measured()
    summary = run.take("score")
    assert summary["qubits"] == 2
    assert summary["tests"] == 6
    assert summary["arms"]["quantum"]["objective"] is not None


@pytest.mark.slow
@pytest.mark.parametrize(("data", "features"), [(breast_cancer, 8), (digits, 10)])
def test_larger_tables_end_in_a_score(data: Callable[[], bytes], features: int):
    run = KernelsChain(data(), features=features, entries_max=400).prepared().measured()
    summary = run.take("score")
    assert summary["qubits"] == features
    assert summary["samples"]["submissions"] == SUBMISSIONS
    assert summary["arms"]["quantum"]["objective"] < 50
