"""Molecules through the site: one template approved once, a loop of submissions, the energy on the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from hybridops.definitions.models import SignedDocument
from hybridops.domain.errors import BadInput
from hybridops.domain.states import RunState
from hybridops.engine.builtin import document
from hybridops.engine.inputs import export_inputs, read_inputs
from hybridops.engine.preview import preview
from hybridops.engine.rerun import rerun
from hybridops.experiments.models import DataSnapshot, Run, Submission
from hybridops.experiments.services import Wanted
from hybridops.web.pages.definition_forms import WorkflowForm
from hybridops.web.viewmodels.drawings import circuit_figure
from hybridops.workflows.molecules_builtin import hydrogen
from hybridops.workflows.molecules_circuit import plan_of, text_of
from hybridops.workflows.pauli_json import parse
from tests.web.molecules_world import bound_provider, molecule_run
from tests.web.routing_world import SignIn, add_family, decide, finish
from tests.web.words import plain
from tests.world import World


@pytest.fixture
def h2(world: World) -> Iterator[DataSnapshot]:
    with bound_provider():
        yield add_family(world, "molecules", "h2-0.735")


def shown(world: World, as_: SignIn, run: Run) -> str:
    return plain(as_(world.ines).get(f"/runs/{run.pk}/").content.decode())


def test_a_loop_runs_to_the_end_under_one_approval(world: World, as_: SignIn, h2: DataSnapshot):
    run = molecule_run(world, h2)
    assert run.state == RunState.AWAITING_APPROVAL, run.why
    decide(world.mikkel, run)
    run = finish(run)
    assert run.outcome == RunState.ACCEPTED, run.why
    rows = list(Submission.objects.filter(run=run).order_by("ordinal"))
    assert 2 <= len(rows) <= 6
    assert len({row.program for row in rows}) == 1, "one program for all"
    assert len(rows[0].bindings) == 6 and len(rows[-1].bindings) == 40
    text = shown(world, as_, run)
    for words in (
        "Accepted by the signed rule:",
        "mHa",
        "Hartree-Fock",
        "Variational loop",
        "The same without noise",
        "Random parameters",
        "The energy",
        "chemical accuracy",
        "Ground state of a small molecule",
        "H₂ at 0.735 Å",
        "Is a QPU needed here?",
        "10 stages",
    ):
        assert words in text, words
    for words in ("None", "not scored", "Candidates against", "Nothing was scored"):
        assert words not in text, words
    answer = json.loads(as_(world.ines).get(reverse("artifact", args=[run.pk, "solution"])).content)
    assert len(answer["submissions"]) == len(rows)


def test_a_reviewer_s_smaller_budget_still_ends_with_an_answer(world: World, as_: SignIn, h2: DataSnapshot):
    """The loop hears how many submissions the approval leaves, and keeps the last for the answer."""
    run = molecule_run(world, h2)
    decide(world.mikkel, run, "narrow", limits={"submissions_max": 2})
    run = finish(run)
    rows = list(Submission.objects.filter(run=run).order_by("ordinal"))
    assert [len(row.bindings) for row in rows] == [6, 40]
    assert run.outcome in (RunState.ACCEPTED, RunState.NOT_ACCEPTED), run.why
    assert rows[-1].shots == 40 * 8192


def test_without_a_reason_no_qpu_is_asked(world: World, as_: SignIn, h2: DataSnapshot):
    run = finish(molecule_run(world, h2, priority_class="validation", anyway=""))
    assert run.outcome == RunState.DEGRADED, run.why
    assert "QPU is not needed here" in run.why
    text = shown(world, as_, run)
    assert "No energy was measured." in text
    assert "None" not in text


def test_what_remains_to_be_said_stands_on_the_page(world: World, as_: SignIn, h2: DataSnapshot):
    run = molecule_run(world, h2, parameters={"shots": 256, "submissions": 2, "start": "hartree_fock"})
    decide(world.mikkel, run)
    run = finish(run)
    assert run.outcome == RunState.NOT_ACCEPTED, run.why
    assert "too coarse for the rule" in shown(world, as_, run)


def test_a_file_that_is_refused_says_where(world: World, as_: SignIn, h2: DataSnapshot):
    sent = {"data-project": world.project.pk, "data-data_class": "public", "data-name": "x"}
    file = SimpleUploadedFile("h2.json", hydrogen().replace(b"Y0 X1 X2 Y3", b"Y0 X1 X2 Y9"))
    answered = as_(world.ines).post("/workflows/molecules/data/", {**sent, "data-upload": file})
    assert answered.status_code == 422
    assert "no such qubit" in plain(answered.content.decode())
    assert DataSnapshot.objects.filter(workflow="molecules").count() == 1


@pytest.mark.usefixtures("h2")
def test_the_gallery_and_the_guide_say_what_it_takes(world: World, as_: SignIn):
    page = plain(as_(world.ines).get("/workflows/").content.decode())
    assert "at most 1.6 mHa above the baseline, by rule" in page
    sent = {"upload": SimpleUploadedFile("h2.json", hydrogen())}
    guide = plain(as_(world.ines).post("/workflows/guide/", sent).content.decode())
    assert "4 qubits, 15 Pauli words, 2 electrons in 2 orbitals" in guide
    assert "A circuit is not a quadratic cost of bits" in guide
    assert "up to 6 submissions of 40 circuits each" in guide


def test_a_preview_promises_for_every_circuit_of_every_submission(world: World, h2: DataSnapshot):
    def dear(**parameters: object) -> Decimal:
        wanted = Wanted(
            project_id=world.project.pk,
            snapshot_id=h2.pk,
            title="Two protons",
            business_outcome="how near a device comes",
            parameters=parameters,
            seed=7,
            backend="heron-torino",
            priority_class="research",
            fallback="classical",
            deadline=None,
            cost_max_micro=900_000_000,
            anyway="to see how near the device comes",
        )
        return preview(user=world.ines, workflow_name="molecules", wanted=wanted).qpu_high_usd

    assert float(dear(shots=8192)) > 1.9 * float(dear(shots=4096)) > 0


def test_a_rule_in_the_objective_s_unit_is_edited_as_one():
    body = document("molecules")
    given = {name: body[name] for name in ("title", "summary", "fallback", "submissions_max")}
    given |= body["helping"]
    for parameter in body["parameters"]:
        parts = (
            ("choices", "default") if parameter["kind"] == "choice" else ("default", "low", "high", "step")
        )
        for part in parts:
            value = parameter.get(part, "")
            given[f"{parameter['name']}-{part}"] = ", ".join(value) if part == "choices" else value
    form = WorkflowForm(body, given | {"against": "baseline", "worse_by_at_most": "2.5"})
    assert form.is_valid(), form.errors
    assert form.body() == body | {"acceptance": {"against": "baseline", "above_by_at_most": 2.5}}
    assert WorkflowForm(body).initial["worse_by_at_most"] == 1.6
    assert "in mHa" in form.fields["worse_by_at_most"].label


def test_a_template_is_drawn_with_its_inputs():
    figure = circuit_figure(text_of(plan_of(parse(hydrogen()))), "h2")
    assert figure is not None
    assert "Ry theta_0" in figure.svg and "Rz phi_3" in figure.svg


@pytest.mark.usefixtures("h2")
def test_the_definition_is_signed_for_this_code():
    row = SignedDocument.objects.get(kind="workflow", name="molecules")
    assert row.version == 2
    with pytest.raises(BadInput):
        parse(b"{}")


def test_a_loop_comes_out_again_from_one_file(world: World, h2: DataSnapshot):
    """Every classical stage and the score, from the inputs that are exported, without what the site keeps."""
    run = molecule_run(world, h2)
    decide(world.mikkel, run)
    data = export_inputs(finish(run))
    rows = {row.stage: row for row in rerun(read_inputs(data))}
    computed = ("baseline", "heuristic", "start", "encode", "control", "score")
    assert {name: rows[name].word for name in computed} == dict.fromkeys(computed, "same")
