from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput
from hybridops.workflows.carshare import TITLE, carshare_montreal
from hybridops.workflows.routing_input import parse

SMALL = """# Three towns
name,latitude,longitude,demand
Oslo,59.91,10.75,3
Bergen,60.39,5.32,0
Tromsø,69.65,18.96,4
Bodø,67.28,14.40,5
"""


def test_a_small_file_is_read():
    """The row with demand 0 is the depot and comes first; metres are great-circle metres."""
    problem = parse(SMALL.encode())
    assert problem.name == "Three towns"
    assert problem.labels == ("Bergen", "Oslo", "Tromsø", "Bodø")
    assert problem.demand.tolist() == [0, 3, 4, 5]
    assert problem.unit == "m"
    assert abs(problem.distance[0, 1] - 305_000) < 3_000  # Bergen to Oslo as the crow flies
    assert problem.coordinates is not None
    assert problem.coordinates[0].tolist() == [5.32, 60.39]


def test_the_capacity_is_given_or_chosen():
    """A parameter wins; without one, every stop fits and a second vehicle is needed."""
    assert parse(SMALL.encode(), capacity=9).capacity == 9
    chosen = parse(SMALL.encode())
    assert chosen.capacity == 7
    assert chosen.vehicles_min == 2
    with pytest.raises(BadInput, match="a demand within the capacity of 4"):
        parse(SMALL.encode(), capacity=4)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "expected"),
    [
        ("59.91", "95", 3, 6, "a latitude, a number from -90 to 90"),
        ("10.75", "inf", 3, 12, "a longitude"),
        (",3\n", ",-3\n", 3, 18, "a demand"),
        (",3\n", ",2.5\n", 3, 18, "a whole number"),
        (",3\n", ",0\n", 4, 19, "one row with demand 0"),
        (",0\n", ",1\n", 1, 1, "one row with demand 0"),
        (",3\n", ",3,9\n", 3, 1, "4 fields"),
        ("Oslo", "Bergen", 3, 1, "a name that no other row has"),
        ("Oslo", "", 3, 1, "a name of 1 to 80"),
        ("latitude", "lat", 2, 6, "the column latitude"),
    ],
)
def test_a_refusal_says_where_and_what(old: str, new: str, line: int, column: int, expected: str):
    """Line and column point at the field that is wrong."""
    with pytest.raises(BadInput) as caught:
        parse(SMALL.replace(old, new, 1).encode())
    assert expected in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_thousand_stops_are_the_most():
    """1,000 stops are read, 1,001 are refused at their line."""
    rows = [f"s{at},{at % 90},{at % 180},1" for at in range(1001)]
    head = ["name,latitude,longitude,demand", "depot,0,0,0"]
    assert parse("\n".join(head + rows[:1000]).encode()).stops == 1000
    with pytest.raises(BadInput, match="line 1003, column 1: expected at most 1000 stops"):
        parse("\n".join(head + rows).encode())


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_is_written_is_read(data: st.DataObject):
    """Round trip of places and demand, wherever on earth; distances are symmetric and half a turn at most."""
    count = data.draw(st.integers(3, 9))
    place = st.tuples(st.decimals(-89, 89, places=4), st.decimals(-180, 180, places=4))
    places = data.draw(st.lists(place, min_size=count + 1, max_size=count + 1))
    places[0] = (Decimal(90), Decimal(0))
    demand = [0, *data.draw(st.lists(st.integers(1, 10**6), min_size=count, max_size=count))]
    rows = [
        f"n{at},{lat},{lon},{load}" for at, ((lat, lon), load) in enumerate(zip(places, demand, strict=True))
    ]
    problem = parse("\n".join(["name,latitude,longitude,demand", *rows]).encode())
    assert problem.demand.tolist() == demand
    assert problem.coordinates is not None
    assert np.allclose(problem.coordinates, [[float(lon), float(lat)] for lat, lon in places])
    assert (problem.distance == problem.distance.T).all()
    assert problem.distance.min() >= 0
    assert problem.distance.max() <= 20_015_200


def test_the_car_share_zones_are_always_the_same():
    """Built in: 24 zones and a depot, a problem with work for several vehicles, the same bytes each time."""
    data = carshare_montreal()
    assert data == carshare_montreal()
    problem = parse(data)
    assert (problem.name, problem.stops) == (TITLE, 24)
    assert problem.vehicles_min == 4
    assert 10_000 < problem.distance.max() < 30_000
