"""Quantum kernels through the site: one template approved once, its entries in several submissions, the matrix on the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse

from hybridops.domain.ports import RemoteJob, RemoteState
from hybridops.domain.states import RunState, StageState
from hybridops.engine import wiring
from hybridops.engine.inputs import export_inputs, read_inputs
from hybridops.engine.rerun import rerun
from hybridops.experiments.models import DataSnapshot, Run, Stage, Submission
from hybridops.web.viewmodels.results import answer_of
from hybridops.workflows.kernels_builtin import iris
from tests.web.molecules_world import Bound, bound_provider, molecule_run
from tests.web.routing_world import SignIn, add_family, decide, finish
from tests.web.words import plain
from tests.world import World

ROUNDS = 10  # two for each submission


@pytest.fixture
def irises(world: World) -> Iterator[DataSnapshot]:
    with bound_provider():
        yield add_family(world, "kernels", "iris-two")


def kernel_run(world: World, snapshot: DataSnapshot, **changes: Any) -> Run:
    wanted = {
        "workflow": "kernels",
        "parameters": {"shots": 512, "features": 3, "entries_max": 80},
        "title": "Two kinds of iris",
    }
    return molecule_run(world, snapshot, **{**wanted, **changes})


def shown(world: World, as_: SignIn, run: Run) -> str:
    return plain(as_(world.ines).get(f"/runs/{run.pk}/").content.decode())


def test_a_kernel_is_measured_in_several_submissions_under_one_approval(
    world: World, as_: SignIn, irises: DataSnapshot
):
    run = kernel_run(world, irises)
    assert run.state == RunState.AWAITING_APPROVAL, run.why
    decide(world.mikkel, run)
    run = finish(run, ROUNDS)
    assert run.outcome in (RunState.ACCEPTED, RunState.NOT_ACCEPTED), run.why
    rows = list(Submission.objects.filter(run=run).order_by("ordinal"))
    assert len(rows) == 4
    assert len({row.program for row in rows}) == 1, "one program for all"
    assert sum(len(row.bindings) for row in rows) <= 80
    text = shown(world, as_, run)
    for words in (
        "by the signed rule:",
        "% wrong",
        "RBF-SVM, all points",
        "RBF-SVM, same points",
        "Nearest class mean",
        "Random kernels",
        "Measured kernel",
        "The same without noise",
        "The kernel matrix",
        "Quantum-kernel classification",
        "Is a QPU needed here?",
        "no difference shown",
        "versicolor",
        "10 stages",
    ):
        assert words in text, words
    for words in (
        "None",
        "not scored",
        "Candidates against",
        "Nothing was scored",
        "lower than the best",
        "earned it",
    ):
        assert words not in text, words
    answer = json.loads(as_(world.ines).get(reverse("artifact", args=[run.pk, "solution"])).content)
    assert len(answer["rows"]) == len(answer["decisions"]["quantum"]) + 4
    score = Stage.objects.get(run=run, key="score").summary
    assert score["verdict"]["credit"] == "nobody"
    assert score["verdict"]["improvement"] is None
    assert answer_of(score["arms"]).over_start is None


def test_without_a_reason_no_qpu_is_asked(world: World, as_: SignIn, irises: DataSnapshot):
    run = finish(kernel_run(world, irises, priority_class="validation", anyway=""))
    assert run.outcome == RunState.DEGRADED, run.why
    assert "QPU is not needed here" in run.why
    text = shown(world, as_, run)
    assert "decided by RBF-SVM on all training points" in text
    assert "None" not in text
    assert Stage.objects.get(run=run, key="quantum").state != StageState.DONE


def test_a_narrowed_approval_leaves_a_whole_answer(world: World, as_: SignIn, irises: DataSnapshot):
    run = kernel_run(world, irises, parameters={"shots": 512, "features": 3, "entries_max": 160})
    decide(world.mikkel, run, "narrow", limits={"submissions_max": 1})
    run = finish(run, ROUNDS)
    assert Submission.objects.filter(run=run).count() == 1
    assert run.outcome in (RunState.ACCEPTED, RunState.NOT_ACCEPTED), run.why
    text = shown(world, as_, run)
    assert "3 landmarks" in text
    assert "kernel entries came back" in text


class OneFails(Bound):
    """The second job of a run is lost."""

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        found = super().poll(job_ids)
        second = Submission.objects.filter(ordinal=2, job_id__in=job_ids).exists()
        lost = {"state": RemoteState.FAILED, "error": "the cryostat was warm"}
        return [replace(job, **lost) if second and job.state.final else job for job in found]


def test_after_a_failed_submission_what_is_there_is_scored(world: World, as_: SignIn, irises: DataSnapshot):
    providers = {**settings.PROVIDERS, "local": ("tests.web.test_kernels:OneFails", {})}
    with override_settings(PROVIDERS=providers):
        wiring.provider.cache_clear()
        run = kernel_run(
            world, irises, title="Lost", parameters={"shots": 448, "features": 3, "entries_max": 160}
        )
        decide(world.mikkel, run, "narrow", limits={"backends": ["heron-torino"]})
        run = finish(run, ROUNDS)
    assert run.outcome == RunState.DEGRADED, run.why
    assert "Scored with a partial result" in run.why
    assert "None" not in run.why
    assert "kernel entries came back" in shown(world, as_, run)


def test_a_file_that_is_refused_says_where(world: World, as_: SignIn, irises: DataSnapshot):
    sent = {"data-project": world.project.pk, "data-data_class": "public", "data-name": "x"}
    broken = iris().replace(b"7.0,3.2,4.7,1.4", b"7.0,,4.7,1.4")
    assert broken != iris()
    answered = as_(world.ines).post(
        "/workflows/kernels/data/", {**sent, "data-upload": SimpleUploadedFile("i.csv", broken)}
    )
    assert answered.status_code == 422
    assert "expected a value" in plain(answered.content.decode())
    assert DataSnapshot.objects.filter(workflow="kernels").count() == 1


def test_hostile_names_stay_words(world: World, as_: SignIn, irises: DataSnapshot):
    evil = iris().replace(b"versicolor", b"<script>alert(1)</script>").replace(b"kind", b'"><img src=x>')
    sent = {"data-project": world.project.pk, "data-data_class": "public", "data-name": "x"}
    answered = as_(world.ines).post(
        "/workflows/kernels/data/", {**sent, "data-upload": SimpleUploadedFile("i.csv", evil)}
    )
    assert answered.status_code in (200, 302)
    run = kernel_run(
        world,
        DataSnapshot.objects.filter(workflow="kernels").latest("pk"),
        priority_class="validation",
        anyway="",
    )
    page = as_(world.ines).get(f"/runs/{finish(run, ROUNDS).pk}/").content
    assert b"<script>alert" not in page
    assert b"<img src" not in page
    assert b"&lt;script" in page


@pytest.mark.usefixtures("irises")
def test_the_gallery_and_the_guide_say_what_it_takes(world: World, as_: SignIn):
    page = plain(as_(world.ines).get("/workflows/").content.decode())
    assert "worse than the baseline, by rule" in page
    sent = {"upload": SimpleUploadedFile("iris.csv", iris())}
    guide = plain(as_(world.ines).post("/workflows/guide/", sent).content.decode())
    assert "100 rows, 4 features, 50 versicolor and 50 virginica" in guide
    assert "up to 4 submissions of 60 circuits each" in guide


def test_a_run_comes_out_again_from_one_file(world: World, irises: DataSnapshot):
    """Every classical stage and the score, from the inputs that are exported, without what the site keeps."""
    run = kernel_run(world, irises, backend="ideal")
    decide(world.mikkel, run)
    data = export_inputs(finish(run, ROUNDS))
    rows = {row.stage: row for row in rerun(read_inputs(data))}
    computed = ("baseline", "heuristic", "simulate", "encode", "control", "score")
    assert {name: rows[name].word for name in computed} == dict.fromkeys(computed, "same")
