from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from hybridops.domain.control import control
from hybridops.domain.errors import BadInput
from hybridops.engine.builtin import document
from hybridops.solvers.angles import STRATEGIES
from hybridops.solvers.exact import Proof
from hybridops.solvers.heuristics import Found
from hybridops.solvers.markowitz import objective, selection_qubo
from hybridops.workflows import portfolio_classical, portfolio_scenarios
from hybridops.workflows.portfolio import Portfolio
from hybridops.workflows.portfolio_input import parse
from hybridops.workflows.portfolio_steps import wanted
from hybridops.workflows.portfolio_table import table_of
from hybridops.workflows.stocks import technology_stocks
from tests.solvers.public import public
from tests.workflows.chain import Chain, samples_of, without_seconds
from tests.workflows.test_portfolio_input import MOMENTS, prices

PORTFOLIO = Portfolio()
RULE = {"against": "heuristic", "worse_by_at_most": 0.0}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer scenarios, and no process for a proof unless a test asks for one."""
    monkeypatch.setattr(portfolio_scenarios, "SCENARIOS", 1_024)
    monkeypatch.setattr(portfolio_classical, "EXACT_MAX", 0)


@pytest.fixture
def scip(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio_classical, "EXACT_MAX", 31)


class PortfolioChain(Chain):
    family = PORTFOLIO
    before = ("check", "heuristic", "baseline", "scenarios", "narrow", "encode", "control")


def market(name: str) -> bytes:
    return technology_stocks() if name == "stocks" else public(f"portfolio/{name}.txt")


def best_of_all(data: bytes, assets: int, share: float) -> float:
    """By trying every choice, with the checker."""
    found = parse(data)
    return min(
        objective(found, chosen, assets, share) for chosen in combinations(range(found.assets), assets)
    )


@pytest.mark.parametrize(
    ("name", "assets", "share"),
    [("stocks", 3, 0.5), ("stocks", 1, 0.0), ("stocks", 5, 1.0), ("port1", 10, 0.5), ("port2", 5, 0.9)],
)
@pytest.mark.usefixtures("scip")
def test_the_whole_chain(name: str, assets: int, share: float):
    """Every arm is there, none beats the best of the register, and all keep their K after repair."""
    chain = PortfolioChain(market(name), assets_chosen=assets, risk_share=share).prepared()
    found = chain.take("score", samples=(chain.ideal_samples(),))
    arms = found["arms"]
    sampled = {"quantum", "quantum_raw", "random", "random_raw", "ideal", "ideal_raw"}
    assert set(arms) == {"heuristic", "baseline", "exact_split"} | sampled
    for arm in sampled:
        assert arms[arm]["shots"] == 256
        assert arms[arm]["objective"] is None or arms[arm]["objective"] >= arms["exact_split"]["objective"]
    for arm in ("quantum", "random", "ideal"):
        assert arms[arm]["feasible_share"] == 1
        assert arms[arm]["hit_rate"] >= arms[f"{arm}_raw"]["hit_rate"]
    answer = found["answer"]
    assert answer["objective"] == arms["quantum"]["objective"]
    assert len(answer["assets"]) == assets
    assert answer["objective"] == objective(parse(market(name)), answer["chosen"], assets, share)
    assert found["verdict"]["accepted"] == (answer["objective"] <= arms["heuristic"]["objective"])
    assert answer["shortfall"] >= answer["value_at_risk"]
    if chain.results["stage of baseline"]["proved"]:
        lowest = arms["baseline"]["objective"]
        assert all(arm["objective"] is None or arm["objective"] >= lowest - 1e-9 for arm in arms.values())


@pytest.mark.usefixtures("scip")
def test_the_published_market_is_solved():
    """OR-Library port1, 10 of 31, lambda 1/2: the reference's value a week, here 52 of them in basis points."""
    chain = PortfolioChain(market("port1"), assets_chosen=10)
    found = chain.take("baseline")
    assert found["objective"] / 52e4 == pytest.approx(-0.0023000618752, abs=1e-13)
    if found["proved"]:
        assert found["method"] == "SCIP, proved optimal"
        assert found["lower_bound"] == pytest.approx(found["objective"], rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("assets", [1, 2, 3, 5])
@pytest.mark.usefixtures("scip")
def test_the_baseline_is_the_best_there_is(assets: int, share: float):
    """On six stocks, against every choice there is; greedy is never better."""
    chain = PortfolioChain(technology_stocks(), assets_chosen=assets, risk_share=share)
    best = best_of_all(technology_stocks(), assets, share)
    assert chain.take("baseline")["objective"] == pytest.approx(best, rel=1e-12)
    assert chain.take("heuristic")["objective"] >= best - 1e-9


@pytest.mark.usefixtures("scip")
def test_scip_mends_a_poor_search(monkeypatch: pytest.MonkeyPatch):
    """Where the search ends badly the proof's choice is the answer; where SCIP fails the search's is, and says why."""
    poor = np.array([1, 0, 0, 1, 1, 0], dtype=np.uint8)
    found = Found(poor, float(selection_qubo(parse(technology_stocks()), 3, 0.5).energy(poor[None])[0]), poor)
    monkeypatch.setattr(portfolio_classical, "swap_search", lambda *_, **__: found)
    chain = PortfolioChain(technology_stocks(), baseline_seconds=30.0)
    proved = chain.take("baseline")
    assert proved["proved"] and proved["objective"] == best_of_all(technology_stocks(), 3, 0.5)
    failed = Proof("failed", None, None, float("-inf"), 0.1, None, "SCIP", "SCIP failed: it is not here.")
    monkeypatch.setattr(portfolio_classical.exact, "solve", lambda *_, **__: failed)
    left = chain.take("baseline")
    assert (left["chosen"], left["proved"], left["lower_bound"]) == ([0, 3, 4], False, None)
    assert left["remark"] == "SCIP failed: it is not here."


def test_a_register_of_another_market_is_found_out():
    """The objective looked up and the one computed from the file are compared each time an answer is told."""
    chain = PortfolioChain(technology_stocks()).prepared()
    data, settings = parse(technology_stocks()), wanted({}, 6)
    right = table_of(data, settings, chain.stored("narrow", "subproblem"))
    assert right.checked(0b111000) == objective(data, [0, 1, 2], 3, 0.5)
    wrong = replace(right, settings=wanted({"risk_share": 0.6}, 6))
    with pytest.raises(ArithmeticError):
        wrong.checked(0b111000)


def test_fewer_returns_than_assets_is_shrunk_and_said():
    """20 days of 25 assets: the covariance is singular, the scenarios say by how much it was shrunk."""
    chain = PortfolioChain(prices(rows=20, assets=25, days=1).encode(), assets_chosen=4).prepared()
    found = chain.take("score", samples=(chain.ideal_samples(),))
    assert chain.results["stage of scenarios"]["shrinkage"] == 0.001
    assert found["answer"]["scenarios"]["shrinkage"] == 0.001
    assert found["answer"]["scenarios"]["horizon"] == "a quarter: 63 trading days"


def hedge() -> bytes:
    """Calm swings a little; Up and Down swing much, but against each other; the rest swing with Up, and more."""
    lines = ["date,Calm,Up,Down,Wild,Wilder"]
    for week in range(40):
        swing, slow = 1 if week % 2 else -1, 1 if week % 4 > 1 else -1
        row = (100 + 2 * slow, 100 + 4 * swing, 100 - 4 * swing, 100 + 8 * swing, 100 + 9 * swing + slow)
        lines.append(",".join([str(date(2024, 1, 1) + timedelta(weeks=week)), *map(str, row)]))
    return "\n".join(lines).encode()


def test_the_register_mends_what_greedy_missed():
    """All risk, two of five: greedy starts with Calm; one swap finds the two that cancel each other."""
    chain = PortfolioChain(hedge(), assets_chosen=2, risk_share=1.0).prepared()
    found = chain.take("score", samples=(samples_of({"11000": 3}, 3),))
    assert "Calm" in chain.results["stage of heuristic"]["assets"]
    assert found["answer"]["assets"] == ["Up", "Down"]
    assert found["answer"]["objective"] == best_of_all(hedge(), 2, 1.0)
    assert found["verdict"]["accepted"] and found["verdict"]["improvement_over_incumbent"] > 0.5
    assert found["verdict"]["credit"] == "post-processing"


def test_the_control_speaks_before_money():
    """On six stocks trying is cheap: the classical arms and random bits keep the rule, so no QPU is needed."""
    chain = PortfolioChain(technology_stocks()).prepared()
    found = control(RULE, chain.results["stage of control"]["control"])
    assert set(found.reached_by) == {"baseline", "random"}


def test_wrong_counts_are_told_and_repaired():
    """No asset at all is no portfolio: as measured there is no answer, after repair there is one of K."""
    chain = PortfolioChain(technology_stocks()).prepared()
    found = chain.take("score", samples=(samples_of({"000000": 20, "111": 5}, 25),))
    rules = found["rules"]["quantum"]
    assert rules["broken"] == {"another number of assets": 20, "not a bit string": 5}
    assert rules["repaired"] == 20
    assert found["arms"]["quantum_raw"]["objective"] is None
    assert found["arms"]["quantum"]["feasible_share"] == 20 / 25
    assert len(found["answer"]["assets"]) == 3


def test_no_usable_sample_is_no_answer():
    """Nothing readable came back: nothing is accepted, nobody gets the credit, the picture has no answer."""
    chain = PortfolioChain(technology_stocks()).prepared()
    found = chain.take("score", samples=(samples_of({}, 100),))
    assert found["answer"]["objective"] is None
    assert not found["verdict"]["accepted"]
    assert chain.stored("score", "picture")["answer"] is None


def test_a_bit_is_its_asset():
    """The register of all six stocks: the bits of an answer name its assets, qubit 0 leftmost."""
    chain = PortfolioChain(technology_stocks()).prepared()
    found = chain.take("score", samples=(samples_of({"110001": 9}, 9),))
    assert chain.results["stage of narrow"]["chosen"]["assets"] == [
        "GOOG",
        "AAPL",
        "AMZN",
        "FB",
        "NFLX",
        "MSFT",
    ]
    raw = found["arms"]["quantum_raw"]
    assert raw["bits"] == "110001"
    assert raw["objective"] == objective(parse(technology_stocks()), [0, 1, 5], 3, 0.5)
    for row in found["candidates"]:
        chosen = [at for at, bit in enumerate(row["bits"]) if bit == "1"]
        assert row["assets"] == [parse(technology_stocks()).labels[at] for at in chosen]


def test_what_is_outside_the_register_stays():
    """Twelve of 31 in play, ten chosen: kept assets are in every candidate, the others in none."""
    chain = PortfolioChain(market("port1"), assets_chosen=10, risk_share=0.9).prepared()
    chosen = chain.results["stage of narrow"]["chosen"]
    found = chain.take("score", samples=(chain.ideal_samples(),))
    assert len(chosen["always"]) + chosen["to_choose"] == 10
    assert chosen["never"] == 31 - 12 - len(chosen["always"])
    for row in found["candidates"]:
        assert set(chosen["always"]) <= set(row["assets"]) <= set(chosen["always"]) | set(chosen["assets"])
        assert len(row["assets"]) == 10


def test_the_same_run_gives_the_same_bytes():
    """Same data, parameters and seed: the same summaries but for seconds, and the same artifacts."""
    found = []
    for seed in (7, 7, 8):
        chain = PortfolioChain(
            technology_stocks(), seed=seed, angle_strategy="trained", baseline_seconds=30.0
        )
        chain.prepared().take("score", samples=(chain.ideal_samples(),))
        found.append(without_seconds(chain.results))
    assert found[0] == found[1]
    assert found[0]["stage of scenarios"]["cloud"] != found[2]["stage of scenarios"]["cloud"]
    tails = [run["stage of score"]["answer"]["value_at_risk"] for run in found]
    assert tails[0] != tails[2]


def test_the_score_simulates_what_the_scenarios_did():
    """The same stream of random numbers: the incumbent's tails are the same in both steps."""
    chain = PortfolioChain(technology_stocks()).prepared()
    answer = chain.take("score", samples=(chain.ideal_samples(),))["answer"]
    first = chain.results["stage of scenarios"]["candidates"][0]
    assert first["name"] == "incumbent"
    assert answer["beside"]["heuristic"]["value_at_risk"] == pytest.approx(first["value_at_risk"], rel=1e-12)
    assert chain.results["stage of scenarios"]["shrinkage"] == 0


def test_efficient_choices_lie_where_they_should():
    """More weight on risk never means more of it; the first is the highest return, the last the least variance."""
    chain = PortfolioChain(market("port1"), assets_chosen=10)
    rows = chain.take("heuristic") and chain.take("scenarios")["candidates"][1:]
    risks, gains = [row["volatility"] for row in rows], [row["return"] for row in rows]
    assert risks == sorted(risks, reverse=True) and gains == sorted(gains, reverse=True)
    cloud = chain.results["stage of scenarios"]["cloud"]
    assert gains[0] >= max(gain for _, gain in cloud) and risks[-1] <= min(risk for risk, _ in cloud)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_source_of_angles_is_said(strategy: str):
    chain = PortfolioChain(technology_stocks(), angle_strategy=strategy).prepared()
    narrowed = chain.results["stage of narrow"]
    assert narrowed["angles"] == chain.stored("narrow", "subproblem")["angles"]
    assert narrowed["penalty"]["size"] == chain.stored("narrow", "subproblem")["penalty"] > 0


def test_the_classical_answer_stands_in():
    """Without the quantum stage the better classical answer has the same shape, and says so."""
    chain = PortfolioChain(technology_stocks()).prepared()
    full = chain.take("score", samples=(chain.ideal_samples(),))
    found = chain.take("answer_classically")
    assert found["degraded"] and not full["degraded"]
    assert set(found) == set(full)
    assert set(found["answer"]) == set(full["answer"])
    assert found["answer"]["objective"] == found["arms"]["baseline"]["objective"]
    solution = chain.stored("answer_classically", "solution")
    assert sum(solution["weights"].values()) == pytest.approx(1)
    assert set(solution["weights"]) == set(found["answer"]["assets"])


def test_describe_names_and_sizes_an_upload():
    assert PORTFOLIO.describe(MOMENTS.encode(), "or/port9.txt")["name"] == "port9"
    assert PORTFOLIO.describe(prices().encode(), "x/mine.csv")["size"] == "3 assets, 23 returns"
    with pytest.raises(BadInput):
        PORTFOLIO.describe(b"", "empty.csv")


@pytest.mark.parametrize(
    ("name", "value"),
    [("assets_chosen", 0), ("assets_chosen", 6), ("assets_chosen", 2.5), ("risk_share", 1.1), ("layers", 9)],
)
def test_parameters_out_of_range_are_refused(name: str, value: Any):
    """Each refusal names the field, and the estimate refuses before a run is made; six of six is no choice."""
    for refuse in (
        lambda: wanted({name: value}, 6),
        lambda: PORTFOLIO.estimate({"assets": 6}, {name: value}),
    ):
        with pytest.raises(BadInput) as caught:
            refuse()
        assert caught.value.field == name


def test_the_definition_and_the_steps_agree():
    """Every step of the shipped definition is there; the estimate is for the register, not for the market."""
    shipped = document("portfolio")
    steps = {stage["step"] for stage in shipped["stages"]} - {"", "compile"}
    assert steps | {"answer_classically"} == set(PORTFOLIO.steps)
    assert PORTFOLIO.estimate({"assets": 225}, {"qubits_max": 10}).qubits == 10
    assert PORTFOLIO.estimate({"assets": 6}, {"qubits_max": 10}).qubits == 6
    assert len(json.dumps(shipped["summary"])) < 300
