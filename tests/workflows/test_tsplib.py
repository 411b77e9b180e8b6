from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.solvers import pyvrp_baseline
from hybridops.solvers.routes import check_solution
from hybridops.workflows.routing_input import parse
from hybridops.workflows.text import BYTES_MAX
from tests.solvers.public import public

SMALL = """NAME : small-k2
COMMENT : a square
TYPE : CVRP
DIMENSION : 5
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1 0 0
2 0 3
3 4 3
4 4 0
5 2 2
DEMAND_SECTION
1 0
2 4
3 5
4 6
5 1
DEPOT_SECTION
 1
 -1
EOF
"""


def refused(text: str | bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        parse(text if isinstance(text, bytes) else text.encode())
    return caught.value


def test_a_small_file_is_read():
    """Distances, demand, capacity, labels and the fleet of the name come out as they went in."""
    problem = parse(SMALL.encode())
    assert problem.distance[0].tolist() == [0, 3, 5, 4, 3]
    assert problem.demand.tolist() == [0, 4, 5, 6, 1]
    assert (problem.capacity, problem.vehicles_min, problem.vehicles_hint) == (10, 2, 2)
    assert problem.labels == ("1", "2", "3", "4", "5")
    assert problem.best_known is None


def test_the_depot_may_be_any_node():
    """Node 3 as depot comes first, and keeps its label."""
    moved = SMALL.replace("1 0\n2 4\n3 5", "1 5\n2 4\n3 0").replace(" 1\n -1", " 3\n -1")
    problem = parse(moved.encode())
    assert problem.labels == ("3", "1", "2", "4", "5")
    assert problem.demand.tolist() == [0, 5, 4, 6, 1]
    assert problem.distance[0].tolist() == [0, 5, 4, 3, 2]


@pytest.mark.parametrize(
    ("name", "seconds", "best"),
    [
        ("cvrp/A-n32-k5.vrp", 0.6, 784),
        ("cvrp/P-n16-k8.vrp", 0.2, 450),
        ("cvrp/E-n22-k4.vrp", 0.2, 375),
        ("tsp/burma14.tsp", 0.2, 3323),
        ("tsp/ulysses16.tsp", 0.2, 6859),
        ("tsp/gr17.tsp", 0.2, 2085),
        ("tsp/bays29.tsp", 0.4, 2020),
        ("tsp/dantzig42.tsp", 0.4, 699),
        ("tsp/att48.tsp", 1.0, 10628),
    ],
)
def test_published_optima_are_met(name: str, seconds: float, best: int):
    """The distances are the published ones: the best of three searches is the proven optimum exactly."""
    problem = parse(public(name))
    found = (pyvrp_baseline.solve(problem, seed=seed, seconds=seconds).routes for seed in range(3))
    assert min(check_solution(problem, routes) for routes in found) == best


def test_every_layout_of_weights_is_the_same_matrix():
    """Five ways to write one symmetric matrix."""
    full = np.array([[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]])
    parts = {
        "FULL_MATRIX": full.ravel(),
        "LOWER_DIAG_ROW": full[np.tril_indices(4)],
        "UPPER_DIAG_ROW": full[np.triu_indices(4)],
        "LOWER_ROW": full[np.tril_indices(4, -1)],
        "UPPER_ROW": full[np.triu_indices(4, 1)],
    }
    for layout, values in parts.items():
        assert (parse(explicit(layout, values)).distance == full).all(), layout


def explicit(layout: str, values: object) -> bytes:
    numbers = " ".join(str(value) for value in np.asarray(values))
    head = "NAME: w\nTYPE: TSP\nDIMENSION: 4\nEDGE_WEIGHT_TYPE: EXPLICIT\n"
    return f"{head}EDGE_WEIGHT_FORMAT: {layout}\nEDGE_WEIGHT_SECTION\n{numbers}\nEOF\n".encode()


def test_ceiling_distances_round_up():
    """CEIL_2D never rounds down: the diagonal of a 2 x 2 square is 3."""
    problem = parse(SMALL.replace("EUC_2D", "CEIL_2D").encode())
    assert problem.distance[0, 4] == 3
    assert problem.distance[1, 4] == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "expected"),
    [
        ("2 0 3", "2 nan 3", 9, 3, "a coordinate, a number from -10000000"),
        ("2 0 3", "2 0 1e9", 9, 5, "a coordinate, a number from -10000000"),
        ("2 0 3", "2 0", 9, 3, "3 values"),
        ("2 0 3", "1 0 3", 9, 1, "each node's number once"),
        ("2 0 3", "9 0 3", 9, 1, "a number from 1 to 5"),
        ("2 4\n", "2 -4\n", 15, 3, "a demand within the capacity, a number from 0 to 10"),
        ("2 4\n", "2 11\n", 15, 3, "a demand within the capacity"),
        ("2 4\n", "2 4.5\n", 15, 3, "a whole number"),
        ("1 0\n2 4", "1 1\n2 4", 14, 3, "demand 0 at the depot"),
        ("DIMENSION : 5", "DIMENSION : 6", 13, 1, "6 rows, found 5"),
        ("DIMENSION : 5", "DIMENSION : 5000", 4, 13, "a number from 1 to 1001"),
        ("CAPACITY : 10", "DISTANCE : 10", 6, 1, "a TSPLIB keyword that this reader knows"),
        ("COMMENT : a square", "TYPE : CVRP", 3, 1, "TYPE once"),
        ("CVRP", "ATSP", 3, 8, "one of TSP, CVRP"),
        ("EUC_2D", "MAN_2D", 5, 20, "one of EUC_2D"),
        (" -1\n", "", 21, 1, "a depot and then -1"),
        (" 1\n -1", " 1\n 2\n -1", 21, 2, "one depot and then -1"),
        ("EOF\n", "EOF\nmore\n", 23, 1, "nothing after EOF"),
        ("COMMENT : a", "COMMENT : \x00", 2, 11, "a control character"),
    ],
)
def test_a_refusal_says_where_and_what(old: str, new: str, line: int, column: int, expected: str):
    """Line and column count from 1 and point at the word; the sentence says what was expected there."""
    assert old in SMALL
    error = refused(SMALL.replace(old, new, 1))
    assert expected in str(error)
    assert (error.line, error.column) == (line, column)


def test_weights_are_checked():
    """Too few, too many, negative, unequal there and back, and a diagonal that is not 0."""
    assert "6 edge weights for UPPER_ROW, found 5" in str(refused(explicit("UPPER_ROW", [1] * 5)))
    assert "no more than 6 edge weights" in str(refused(explicit("UPPER_ROW", [1] * 7)))
    assert "an edge weight" in str(refused(explicit("UPPER_ROW", [1, 2, 3, 4, 5, -6])))
    assert "a symmetric matrix" in str(refused(explicit("FULL_MATRIX", range(16))))
    assert "0 on the diagonal" in str(refused(explicit("LOWER_DIAG_ROW", [1] * 10)))


def test_size_and_encoding_are_checked_first():
    """More than 5 MB, or bytes that are no UTF-8, are refused before anything is read."""
    assert "at most 5,000,000 bytes" in str(refused(b" " * (BYTES_MAX + 1)))
    error = refused(b"NAME : x\nCOMMENT : \xff\n")
    assert (error.line, error.column) == (2, 11)
    assert "0xff" in str(error)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_written_is_read(data: st.DataObject):
    """Round trip: any coordinates, demand and capacity come back unchanged."""
    count = data.draw(st.integers(3, 12))
    point = st.tuples(st.integers(-999, 999), st.decimals(-99, 99, places=2))
    points = data.draw(st.lists(point, min_size=count + 1, max_size=count + 1, unique=True))
    demand = [0, *data.draw(st.lists(st.integers(0, 50), min_size=count, max_size=count))]
    rows = "".join(f"{at} {x} {y}\n" for at, (x, y) in enumerate(points, start=1))
    loads = "".join(f"{at} {load}\n" for at, load in enumerate(demand, start=1))
    text = (
        f"NAME: r\nTYPE: CVRP\nDIMENSION: {count + 1}\nCAPACITY: 50\nEDGE_WEIGHT_TYPE: CEIL_2D\n"
        f"NODE_COORD_SECTION\n{rows}DEMAND_SECTION\n{loads}DEPOT_SECTION\n1\n-1\nEOF\n"
    )
    problem = parse(text.encode())
    assert problem.demand.tolist() == demand
    assert problem.coordinates is not None
    assert problem.coordinates.tolist() == [[float(x), float(y)] for x, y in points]
    assert (problem.distance == problem.distance.T).all()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_arbitrary_bytes_are_refused_politely(data: bytes):
    """Nothing but BadInput leaves the reader, whatever the bytes."""
    with pytest.raises(BadInput):
        parse(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SMALL) - 1), st.integers(0, 12), st.text(max_size=6))
def test_a_damaged_file_is_read_or_refused(at: int, cut: int, put: str):
    """A file with a hole and something in it is a problem still, or BadInput; never another error."""
    text = SMALL[:at] + put + SMALL[at + cut :]
    try:
        problem = parse(text.encode("utf-8", "surrogatepass"))
    except BadInput:
        return
    assert problem.demand.max() <= problem.capacity
    assert len(problem.labels) == len(problem.demand) == len(problem.distance)
