"""The guide: which workflow reads a file, which hardware fits it, and nothing of it kept."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from hybridops.artifacts.models import Artifact
from hybridops.domain.advice import SUCCESS_MIN, Shape, annealer, chain, gate_based, shape_of
from hybridops.domain.ports import Estimate
from hybridops.experiments.models import DataSnapshot
from hybridops.workflows.carshare import carshare_montreal
from tests.web.routing_world import SignIn
from tests.web.words import plain
from tests.world import World

URL = "/workflows/guide/"


def sent(data: bytes, name: str = "stops.csv") -> dict[str, SimpleUploadedFile]:
    return {"upload": SimpleUploadedFile(name, data)}


@pytest.mark.usefixtures("routing")
def test_a_file_is_read_by_what_can_read_it_and_not_kept(world: World, as_: SignIn) -> None:
    before = (Artifact.objects.count(), DataSnapshot.objects.count())
    text = plain(as_(world.ines).post(URL, sent(carshare_montreal())).content.decode())
    assert "Vehicle routing reads it." in text or "Fake or Vehicle routing reads it." in text
    for words in ("24 stops", "two-qubit gates", "% of shots undisturbed", "none is connected here"):
        assert words in text, words
    assert (Artifact.objects.count(), DataSnapshot.objects.count()) == before


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("data", [b"\x00\xff", b"name,latitude\n", b"<html>"])
def test_what_nobody_reads_says_what_was_expected(world: World, as_: SignIn, data: bytes) -> None:
    answer = as_(world.ines).post(URL, sent(data, "x.csv"))
    text = plain(answer.content.decode())
    assert text.count("cannot read it") >= 1, "the fake workflow of the world reads anything"
    assert "expected" in text


def test_too_large_or_no_file_is_refused(world: World, as_: SignIn) -> None:
    large = as_(world.ines).post(URL, sent(b"1" * (5 * 1024 * 1024 + 1)))
    assert (large.status_code, "larger than 5 MB" in large.content.decode()) == (422, True)
    none = as_(world.ines).post(URL, {})
    assert (none.status_code, "Choose a file first" in none.content.decode()) == (422, True)


needs = st.builds(
    lambda qubits, gates: Estimate(qubits, 1, 1, gates, 1e-6, 1, 0.1, 0.1),
    st.integers(1, 40),
    st.integers(0, 3000),
)


@given(needs, st.integers(1, 30), st.floats(1e-4, 0.05))
def test_a_gate_machine_fits_where_there_is_room_and_noise_leaves_something(
    need: Estimate, qubits: int, error: float
) -> None:
    found = gate_based("x", qubits, error, need)
    left = (1 - error) ** need.two_qubit_gates >= SUCCESS_MIN
    assert found.fits == (need.qubits <= qubits and left)
    assert gate_based("x", qubits, None, need).fits == (need.qubits <= qubits)


@given(needs)
def test_an_annealer_takes_quadratic_costs_only(need: Estimate) -> None:
    assert annealer(None).fits is False
    assert annealer(shape_of({}, need)).fits is None
    assert annealer(shape_of({}, need), qubits=5000).fits is True


@given(st.integers(3, 60), st.floats(0, 1), st.integers(1, 400))
def test_a_machine_with_more_qubits_never_fits_worse(bits: int, density: float, qubits: int) -> None:
    shape = Shape(bits, density, max(1, round(density * (bits - 1))))
    assert bool(annealer(shape, qubits=qubits).fits) <= bool(annealer(shape, qubits=qubits + 1).fits)
    assert bool(annealer(shape, qubits=qubits).fits) <= (bits <= qubits)


def test_size_density_and_structure_decide() -> None:
    sparse, dense = Shape(2000, 0.0015, 3), Shape(150, 1.0, 149)
    assert annealer(sparse, qubits=5000).fits is True
    assert "at least 2000 qubits, chains of 1 or more" in annealer(sparse).why
    assert annealer(sparse, qubits=1999).fits is False
    assert annealer(dense, qubits=5000).fits is False
    assert "chains of 6 or more" in annealer(Shape(100, 0.9, 99), topology="zephyr", qubits=4400).why
    facts = {"variables": 80, "density": 0.1, "degree_max": 20}
    assert shape_of(facts, Estimate(12, 1, 1, 1, 1e-6, 1, 0.1, 0.1)) == Shape(80, 0.1, 20)


@pytest.mark.parametrize(("degree", "qubits"), [(0, 1), (15, 1), (16, 2), (28, 2), (29, 3)])
def test_a_chain_has_room_for_its_neighbours(degree: int, qubits: int) -> None:
    """13 more neighbours for each qubit more: 15, 28, 41, ..."""
    assert chain(degree, 15) == qubits
