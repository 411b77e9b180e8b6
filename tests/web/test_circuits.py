"""Circuit sampling through the site: an installed circuit, submitted, approved, sampled, scored and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from hybridops.domain.states import RunState
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.web.viewmodels.drawings import circuit_figure
from hybridops.workflows.openqasm import parse
from hybridops.workflows.openqasm_gates import SENT
from hybridops.workflows.qaoa_circuit import written
from tests.web.circuits_world import add_circuits, circuit_run, exact_provider
from tests.web.routing_world import SignIn, decide, finish
from tests.web.words import plain
from tests.world import World


@pytest.fixture
def ghz(world: World) -> Iterator[DataSnapshot]:
    with exact_provider():
        yield add_circuits(world, "ghz-5")


def shown(world: World, as_: SignIn, run: Run) -> str:
    return plain(as_(world.ines).get(f"/runs/{run.pk}/").content.decode())


def test_an_installed_circuit_runs_to_the_end(world: World, as_: SignIn, ghz: DataSnapshot):
    run = circuit_run(world, ghz)
    assert run.state == RunState.AWAITING_APPROVAL, run.why
    decide(world.mikkel, run)
    run = finish(run)
    assert run.outcome == RunState.ACCEPTED, run.why
    text = shown(world, as_, run)
    for words in (
        "Accepted by the signed rule:",
        "infidelity",
        "Target",
        "a Hellinger fidelity of 0.8",
        "Uniform bits",
        "total variation distance",
        "The outcomes",
        "Likeliest outcome 00000",
        "Circuit sampling",
        "GHZ state of 5 qubits",
        "Is a QPU needed here?",
        "Used anyway, as research may: “to see how near the device comes”",
        "The samples of this workflow are not ranked by an objective: see “The outcomes”.",
        "qubits, 10 gates",
        "8 stages",
    ):
        assert words in text, words
    for words in ("None", "not scored", "Candidates against", "Heuristic", "Nothing was scored"):
        assert words not in text, words
    answer = json.loads(as_(world.ines).get(reverse("artifact", args=[run.pk, "solution"])).content)
    assert set(answer["counts"]) == {"00000", "11111"}
    assert sum(answer["counts"].values()) == answer["shots"] == 512


def test_without_a_reason_no_qpu_is_asked(world: World, as_: SignIn, ghz: DataSnapshot):
    run = circuit_run(world, ghz, priority_class="validation", anyway="")
    run = finish(run)
    assert run.outcome == RunState.DEGRADED, run.why
    assert "QPU is not needed here" in run.why
    text = shown(world, as_, run)
    assert "Simulated" in text
    assert "ideal" in text
    assert "Measured" not in text
    assert "None" not in text


def test_every_gate_that_is_written_is_drawn():
    gates = "u3(1, 2, 3) q[0]; sx q[1]; ch q[0], q[1]; crx(0.5) q[1], q[0]; x q[1];"
    circuit = parse(f'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; {gates} rx(1) q[0];'.encode())
    drawn = circuit_figure(written(2, circuit.gates, circuit.measured), "all")
    assert {name for name, _, _ in circuit.gates} == set(SENT)
    assert f"2 qubits, {len(circuit.gates) + 2} gates" in drawn.sentence


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"OPENQASM 2.0;\nqreg q[2];\nreset q[0];", "line 3, column 1: circuits start with every qubit in 0"),
        (b"OPENQASM 2.0;\nqreg q[26];", "26 qubits; at most 20 can be simulated"),
    ],
)
def test_a_file_that_cannot_be_sampled_is_refused_with_its_place(
    world: World, as_: SignIn, ghz: DataSnapshot, content: bytes, said: str
):
    file = SimpleUploadedFile("mine.qasm", content)
    sent = {"data-project": world.project.pk, "data-name": "Mine", "data-data_class": "public"}
    answered = as_(world.ines).post("/workflows/circuits/data/", {**sent, "data-upload": file})
    assert answered.status_code == 422
    assert said in plain(answered.content.decode())
    assert DataSnapshot.objects.filter(workflow="circuits").count() == 1
