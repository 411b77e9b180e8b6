from __future__ import annotations

import pytest

from hybridops.domain.errors import BadInput
from hybridops.solvers.angles import STRATEGIES
from hybridops.workflows.carshare import carshare_montreal
from hybridops.workflows.register_settings import settings_of
from hybridops.workflows.register_verdict import judge
from tests.solvers.public import public
from tests.workflows.chain import ROUTING, Chain, samples_of, without_seconds
from tests.workflows.test_tsplib import SMALL


def problem(name: str) -> bytes:
    return carshare_montreal() if name == "carshare" else public(name)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", ["carshare", "cvrp/P-n16-k8.vrp", "cvrp/E-n22-k4.vrp", "tsp/gr21.tsp"])
def test_the_whole_chain(name: str, strategy: str):
    """Every arm is there, none beats the best split, and the answer is no worse than the checker says."""
    chain = Chain(problem(name), angle_strategy=strategy).prepared()
    found = chain.take("score", samples=(chain.ideal_samples(),))
    arms = found["arms"]
    names = {"heuristic", "baseline", "exact_split"}
    sampled = {"quantum", "quantum_raw", "random", "random_raw", "ideal", "ideal_raw"}
    assert set(arms) == names | sampled
    for arm in sampled:
        assert arms[arm]["shots"] == 256
        assert arms[arm]["objective"] is None or arms[arm]["objective"] >= arms["exact_split"]["objective"]
    for arm in ("quantum", "random", "ideal"):
        assert arms[arm]["feasible_share"] >= arms[f"{arm}_raw"]["feasible_share"]
        assert arms[arm]["hit_rate"] >= arms[f"{arm}_raw"]["hit_rate"]
    assert found["answer"]["objective"] == arms["quantum"]["objective"]
    assert found["verdict"]["accepted"] == (arms["quantum"]["objective"] <= arms["heuristic"]["objective"])
    assert found["candidates"][0]["objective"] <= arms["quantum"]["objective"]


def test_the_same_run_gives_the_same_bytes():
    """Same problem, parameters and seed: the same summaries but for seconds, and the same artifacts."""
    first, second = (Chain(carshare_montreal(), angle_strategy="trained") for _ in range(2))
    first.prepared()
    second.results["stage of baseline"] = first.results[
        "stage of baseline"
    ]  # as in a rerun: as far as it went
    second.prepared()
    for chain in (first, second):
        chain.take("score", samples=(chain.ideal_samples(),))
    assert without_seconds(first.results) == without_seconds(second.results)
    other = Chain(carshare_montreal(), seed=8, angle_strategy="trained").prepared()
    assert without_seconds(first.results["stage of narrow"]) != without_seconds(
        other.results["stage of narrow"]
    )


def test_partial_and_strange_samples_are_told():
    """Several sets add up; strings of another length or alphabet are counted and not believed."""
    chain = Chain(SMALL.encode()).prepared()
    qubits = chain.results["stage of narrow"]["qubits"]
    good, bad = "01" * 7, "2" * qubits
    sets = (samples_of({good[:qubits]: 5, bad: 2}, 10), samples_of({good[:qubits]: 1, "0" * 40: 1}, 9))
    found = chain.take("score", samples=sets)
    assert found["samples"] == {
        "shots_asked": 19,
        "shots_done": 9,
        "distinct": 1,
        "partial": True,
        "backends": ["ideal"],
    }
    assert found["rules"]["quantum"]["broken"]["not a bit string"] == 3
    assert found["arms"]["random"]["shots"] == 9


def test_no_usable_sample_is_no_answer():
    """Nothing readable came back: nothing is accepted, and nobody gets the credit."""
    chain = Chain(SMALL.encode()).prepared()
    found = chain.take("score", samples=(samples_of({}, 100),))
    assert found["answer"]["objective"] is None
    assert not found["verdict"]["accepted"]
    assert found["verdict"]["credit"] == "nobody"


def test_infeasible_shots_are_counted_and_repaired():
    """All stops on one path are too heavy: the raw arm has no answer, the polished one has."""
    chain = Chain(problem("carshare")).prepared()
    qubits = chain.results["stage of narrow"]["qubits"]
    found = chain.take("score", samples=(samples_of({"0" * qubits: 20}, 20),))
    rules = found["rules"]["quantum"]
    assert rules["broken"]["a route above capacity"] == rules["repaired"] == 20
    assert rules["valid_share"] == 0
    assert found["arms"]["quantum_raw"]["objective"] is None
    assert found["arms"]["quantum"]["feasible_share"] == 1


TIGHT = b"""name,latitude,longitude,demand
depot,0,0,0
a,0.0,-1.0,7
b,0.1,-1.0,5
c,0.2,-1.0,3
d,0.0,1.0,1
e,0.1,1.0,5
f,0.2,1.0,9
"""


def test_what_cannot_be_repaired_is_no_candidate():
    """7 + 9 against 5 + 3 + 1 + 5 in vehicles of 15: no one move or exchange mends it, so it never counts."""
    chain = Chain(TIGHT, capacity=15).prepared()
    stops = chain.results["stage of narrow"]["chosen"]["stops"]
    bits = "".join("0" if stop in "af" else "1" for stop in stops)
    found = chain.take("score", samples=(samples_of({bits: 9}, 9),))
    assert found["rules"]["quantum"]["broken"]["a route above capacity"] == 9
    assert found["rules"]["quantum"]["repaired"] == 0
    assert found["answer"]["objective"] is None
    assert all("quantum" not in candidate["found_by"] for candidate in found["candidates"])


def continent() -> bytes:
    """60 stops spread over thousands of kilometres, in metres."""
    rows = [f"s{at},{at * 37 % 50},{at * 61 % 83},{1 + at * 7 % 9}" for at in range(60)]
    return "\n".join(["name,latitude,longitude,demand", "depot,25,40,0", *rows]).encode()


def test_the_baseline_is_strong_at_any_scale():
    """Lengths of millions of metres do not drown the price of an overload: the baseline beats savings."""
    chain = Chain(continent(), baseline_seconds=0.2)
    assert chain.take("heuristic")["objective"] > 1.02 * chain.take("baseline")["objective"]


def test_the_seed_reaches_every_draw():
    """Another seed is another control, another ideal draw and another baseline search."""
    found = []
    for seed in (7, 8):
        chain = Chain(continent(), seed=seed, baseline_seconds=0.3).prepared()
        shot = samples_of({"0" * chain.results["stage of narrow"]["qubits"]: 256}, 256)
        found.append((chain.results["stage of baseline"], chain.take("score", samples=(shot,))["arms"]))
    (baseline, arms), (other_baseline, other_arms) = found
    assert baseline["routes"] != other_baseline["routes"]
    for arm in ("random_raw", "ideal_raw"):
        assert arms[arm]["mean_objective"] != other_arms[arm]["mean_objective"]


def test_shots_add_up_in_the_histogram():
    """Every feasible shot is in one bin, before and after post-processing."""
    chain = Chain(problem("carshare")).prepared()
    found = chain.take("score", samples=(chain.ideal_samples(),))
    for arm, counts in found["histogram"]["counts"].items():
        assert sum(counts) == round(found["arms"][arm]["feasible_share"] * 256)
    assert len(found["histogram"]["edges"]) == len(counts) + 1


def test_the_classical_answer_stands_in():
    """Without the quantum stage the better classical answer has the same shape, and says so."""
    chain = Chain(problem("carshare")).prepared()
    full = chain.take("score", samples=(chain.ideal_samples(),))
    found = chain.take("answer_classically")
    assert found["degraded"] and not full["degraded"]
    assert found["answer"]["from"] == "baseline"
    assert found["answer"]["objective"] == found["arms"]["baseline"]["objective"]
    assert set(found) == set(full)
    assert set(found["verdict"]) == set(full["verdict"])
    assert chain.stored("answer_classically", "solution")["objective"] == found["answer"]["objective"]


def test_artifacts_serve_a_reader():
    """The solution names every stop of the file once; the map has a place for every node."""
    chain = Chain(problem("carshare")).prepared()
    chain.take("score", samples=(chain.ideal_samples(),))
    solution, drawn = chain.stored("score", "solution"), chain.stored("score", "picture")
    stops = sorted(stop for route in solution["routes"] for stop in route["stops"])
    assert stops == sorted(f"Zone {number:02d}" for number in range(1, 25))
    assert len(drawn["places"]) == len(drawn["labels"]) == 25
    assert {"answer", "heuristic", "baseline", "window"} <= set(drawn)


def test_the_gate_finds_what_it_signs():
    """The circuit's digest is its artifact's; the template and how the angles were made are said."""
    chain = Chain(SMALL.encode(), angle_strategy="trained").prepared()
    encoded, narrowed = (chain.results[f"stage of {name}"] for name in ("encode", "narrow"))
    assert encoded["circuit"]["digest"] == encoded["artifacts"]["circuit"]
    assert encoded["circuit"]["qubits"] == narrowed["qubits"]
    assert len(encoded["circuit"]["template_digest"]) == 64
    assert narrowed["made_by"].startswith("trained on 642 simulated circuits")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_source_of_the_angles_is_kept(strategy: str):
    """Whoever approves reads where the angles are from; the stored subproblem says it as well."""
    chain = Chain(SMALL.encode(), angle_strategy=strategy).prepared()
    narrowed = chain.results["stage of narrow"]
    assert narrowed["angles"] == chain.stored("narrow", "subproblem")["angles"]
    source = {"ramp": "arXiv", "transferred": "arXiv", "donor": "donor table", "trained": "this instance"}
    assert source[strategy] in narrowed["angles"]["source"]
    assert ("donors of like structure (donor table, dense" in narrowed["made_by"]) == (strategy == "donor")


def test_a_step_out_of_order_says_what_is_missing():
    """Narrowing without a heuristic is the definition's fault, in one sentence."""
    with pytest.raises(BadInput, match="runs the step 'heuristic' before it"):
        Chain(SMALL.encode()).take("narrow")


def test_describe_names_and_sizes_an_upload():
    """A CSV without a title is called after its file; what cannot be read is refused."""
    data = carshare_montreal().split(b"\n", 1)[1]
    found = ROUTING.describe(data, "uploads/zones.csv")
    assert (found["name"], found["kind"], found["stops"]) == ("zones", "CVRP", 24)
    assert ROUTING.describe(SMALL.encode(), "x.vrp")["vehicles_hint"] == 2
    with pytest.raises(BadInput):
        ROUTING.describe(b"", "empty.vrp")


def test_the_estimate_is_near_what_is_compiled():
    """Closed form against FakeTorino at level 3, 12 qubits: 177 two-qubit gates, 14 qubits: 301."""
    found = ROUTING.estimate({"stops": 30}, {"qubits_max": 14})
    assert found.qubits == 14
    assert 301 <= found.two_qubit_gates <= 1.5 * 301
    assert ROUTING.estimate({"stops": 5}, {"qubits_max": 14}).qubits == 5
    trained = ROUTING.estimate({"stops": 30}, {"qubits_max": 14, "angle_strategy": "trained"})
    assert trained.gpu_seconds > found.gpu_seconds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("qubits_max", 15),
        ("qubits_max", True),
        ("layers", 0),
        ("layers", 1.5),
        ("shots", "many"),
        ("baseline_seconds", float("nan")),
        ("angle_strategy", "guess"),
    ],
)
def test_parameters_out_of_range_are_refused(name: str, value: object):
    """Each refusal names the field."""
    with pytest.raises(BadInput) as caught:
        settings_of({name: value})
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("quantum", "random", "accepted", "credit"),
    [
        (90.0, 95.0, True, "quantum samples"),
        (90.0, 90.0, True, "post-processing"),
        (90.0, 80.0, True, "post-processing"),
        (100.0, 120.0, True, "nobody"),
        (101.0, 120.0, False, "nobody"),
        (None, 90.0, False, "nobody"),
    ],
)
def test_credit_is_honest(quantum: float | None, random: float, accepted: bool, credit: str):
    """The rule decides acceptance; the control decides whether the samples had any part in it."""
    objectives = {"heuristic": 100.0, "baseline": 88.0, "random": random, "quantum": quantum}
    arms = {name: {"objective": value} for name, value in objectives.items()}
    found = judge(arms, {"against": "heuristic", "worse_by_at_most": 0.0}, "the start")
    assert (found["accepted"], found["credit"]) == (accepted, credit)
    assert found["quality"] == (None if quantum is None else 88.0 / quantum)
    with pytest.raises(BadInput):
        judge(arms, {}, "the start")
