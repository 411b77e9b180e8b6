"""The run page in every state, its figures from what the stages left, its files, its live part."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hybridops.artifacts.models import Artifact
from hybridops.backends.models import Snapshot
from hybridops.definitions.models import SignedDocument
from hybridops.domain.states import ENDINGS, RunState
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services
from hybridops.experiments.models import DataSnapshot, Run, Stage
from hybridops.web.answers.run import Told, answer, clipped
from hybridops.web.viewmodels.drawings import circuit_figure
from hybridops.web.viewmodels.machine import calibration
from hybridops.web.viewmodels.results import answer_of, best_classical, candidates, credit
from hybridops.web.viewmodels.samples import samples_figure, valid_shots
from tests.engine.fake import CLOUD
from tests.web.routing_world import SignIn, decide, finish, routing_run
from tests.web.words import plain, within_forty
from tests.world import World, submit

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FULL = {
    "why": "Somebody said a long sentence about it, " * 12,
    "unit": "m",
    "value": 1284.0,
    "change": -0.009,
    "credit": "quantum samples",
    "spent": Decimal("18.71"),
    "cap": Decimal(45),
    "asked_for": Decimal(40),
    "backend": "aster-27",
    "doing": ("Check", "Best classical", "Narrow the search", "Another"),
    "submission": 4,
    "submissions_max": 5,
    "asked_at": NOW - timedelta(minutes=42),
    "lapses_at": NOW + timedelta(hours=5),
    "approved_by": "Mikkel",
    "now": NOW,
}


@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.parametrize("known", [FULL, {}], ids=["all known", "nothing known"])
def test_every_state_has_an_answer(state: RunState, known: dict[str, Any]):
    within_forty(answer(Told(state=state, **known)))


@pytest.mark.parametrize(
    ("state", "changed", "said"),
    [
        ("accepted", {}, "Accepted by the signed rule: 1 284 m, 0.9 % lower than the best classical answer."),
        ("accepted", {"credit": "post-processing"}, "Random samples reached it too."),
        ("accepted", {"spent": None}, "Its cost is not reported yet."),
        ("not_accepted", {"change": 0.05}, "5.0 % higher than the best classical answer"),
        ("not_accepted", {"change": 0.0}, "no difference from the best classical answer"),
        ("not_accepted", {"value": None}, "No sample kept all rules, so there is no answer."),
        ("awaiting_approval", {}, "Asked 42 min ago, lapses in 5 h."),
        ("submitted", {"unknown": True}, "never sent twice"),
        ("running", {"cancelling": True}, "Cancelling: aster-27 was asked to stop."),
        ("cancelled", {"cancelling": True, "why": "Cancelled by Ines."}, "Cancelled by Ines."),
        (
            "approved",
            {"held": "QPU spending is stopped by Omar: drill"},
            "Held: QPU spending is stopped by Omar",
        ),
        ("degraded", {"why": "Answered classically: Ada: no."}, "No QPU evidence."),
    ],
)
def test_what_is_said(state: str, changed: dict[str, Any], said: str):
    told = answer(Told(**{**FULL, "state": state, **changed}))
    assert said in plain(told)
    within_forty(told)


def test_a_reason_is_never_markup():
    assert "<img" not in answer(Told(state="failed", why="<img src=x>"))
    assert clipped("It broke.") == "It broke"


def test_what_needs_no_qpu_says_so_and_spends_nothing(
    world: World, as_: SignIn, routing: DataSnapshot
) -> None:
    run = routing_run(world, routing, priority_class="production", anyway="")
    text = plain(as_(world.ines).get(f"/runs/{run.pk}/").content.decode())
    assert run.outcome == RunState.DEGRADED
    for words in (
        "a QPU is not needed here",
        "keep the acceptance rule already",
        "nothing was asked and nothing was spent",
    ):
        assert words in text, words
    assert plain(as_(world.mikkel).get("/approvals/").content.decode()).count("Night shift") == 0


def test_an_accepted_run_shows_everything_it_found(world: World, as_: SignIn, ended: Run):
    assert ended.outcome in (RunState.ACCEPTED, RunState.NOT_ACCEPTED), ended.why
    text = plain(as_(world.ines).get(f"/runs/{ended.pk}/").content.decode())
    for words in (
        "by the signed rule",
        "Random control",
        "kept all rules" if "kept all rules" in text else "valid",
        "Map of 24 stops",
        "qubits, 116 gates",
        "heron-torino for Compile and quote",
        "Mikkel approved",
        "a snapshot of 2026-03-27 replayed by a simulator".capitalize(),
        "QPU submission 1",
        "$3.30",
        "q3 4.90 %",
        "10 stages",
        "Is a QPU needed here?",
        "the best classical solver",
        "Used anyway, as research may: “to see the whole way”",
    ):
        assert words in text, words
    assert "None" not in text
    assert "not scored" not in text


def test_the_axis_and_the_samples_are_choices_in_the_url(world: World, as_: SignIn, ended: Run):
    browser = as_(world.ines)
    page = browser.get(f"/runs/{ended.pk}/?axis=table&samples=repaired").content.decode()
    assert "Every interval, in order." in page
    assert "?samples=repaired&amp;axis=true#stave" in page
    assert "?axis=table&amp;samples=measured#samples" in page
    assert browser.get(f"/runs/{ended.pk}/?axis=%3Cb%3E").status_code == 200


def test_the_live_part_is_what_the_page_shows(world: World, as_: SignIn, routing: DataSnapshot):
    run = routing_run(world, routing)
    browser = as_(world.ines)
    page = browser.get(f"/runs/{run.pk}/").content.decode()
    part = browser.get(f"/runs/{run.pk}/part/main/?axis=folded&samples=measured").content.decode()
    assert part.lstrip().startswith('<div class="stack" id="run" data-watch="run:')
    assert f'data-version="{run.version}"' in part
    assert f'data-fragment="/runs/{run.pk}/part/main/?axis=folded&amp;samples=measured"' in page
    assert "<html" not in part
    assert "Fills after the score." in part
    assert browser.get(f"/runs/{run.pk}/part/other/").status_code == 404


def test_running_stages_show_their_progress(world: World, as_: SignIn):
    run = submit(world)
    stage = Stage.objects.get(run=run, key="validate")
    Stage.objects.filter(pk=stage.pk).update(state="running", progress=0.4, progress_text="Reading <stops>")
    text = as_(world.ines).get(f"/runs/{run.pk}/").content.decode()
    assert '<progress max="1" value="0.4"' in text
    assert "Reading &lt;stops&gt;" in text


def _reach(world: World, case: str) -> Run:
    """A run of the fake workflow as far as the case says."""
    run = submit(world, fallback="stop" if case in ("rejected", "lost") else "classical")
    if case == "queued":
        return run
    drive(run.pk)
    if case in ("rejected", "degraded"):
        decide(world.mikkel, run, "reject")
    elif case == "cancelled":
        services.cancel(user=world.ines, run_id=run.pk)
    elif case != "waiting":
        CLOUD.script = {"lost": ["silent"], "partial": ["", "partial"]}.get(case, [])
        decide(world.mikkel, run)
        drive(run.pk)
        if case == "running":
            ask_providers(run.pk)
    if case in ("rejected", "degraded", "accepted", "partial"):
        finish(run, 10)
    return Run.objects.get(pk=run.pk)


CASES = (
    "queued",
    "waiting",
    "rejected",
    "degraded",
    "cancelled",
    "submitted",
    "running",
    "lost",
    "accepted",
    "partial",
)


@pytest.mark.parametrize("case", CASES)
def test_the_page_stands_in_every_case(world: World, as_: SignIn, case: str):
    run = _reach(world, case)
    answered = as_(world.ines).get(f"/runs/{run.pk}/")
    text = plain(answered.content.decode())
    assert answered.status_code == 200
    assert "None" not in text
    within_forty(answered.context["answer"])
    acts = "Cancel run…" if run.outcome not in ENDINGS else "Replay, with its own approval"
    assert acts in text


def test_a_page_outlives_what_it_was_made_from(world: World, as_: SignIn, ended: Run):
    """The workflow retired, the device forgotten, a file lost: the page says so and stands."""
    SignedDocument.objects.filter(kind="workflow").update(state="retired")
    Snapshot.objects.filter(name="none of them").delete()
    Artifact.objects.all().delete()
    text = plain(as_(world.ines).get(f"/runs/{ended.pk}/").content.decode())
    assert "may not run any more" in text


def test_files_come_as_attachments_with_their_bytes(world: World, as_: SignIn, ended: Run):
    browser = as_(world.ines)
    circuit = browser.get(f"/runs/{ended.pk}/artifact/circuit/")
    assert circuit.content.startswith(b"OPENQASM 3.0;")
    assert circuit["Content-Disposition"] == f'attachment; filename="R-{ended.pk}-circuit.qasm"'
    assert circuit["X-Content-Type-Options"] == "nosniff"
    assert json.loads(browser.get(f"/runs/{ended.pk}/artifact/solution/").content)["routes"]
    assert json.loads(browser.get(f"/runs/{ended.pk}/artifact/result-1/").content)["counts"]
    assert browser.get(f"/runs/{ended.pk}/artifact/compiled-heron-torino/").status_code == 200
    assert browser.get(f"/runs/{ended.pk}/artifact/secrets/").status_code == 404


def test_figures_say_what_the_score_says(ended: Run):
    summary = Stage.objects.get(run=ended, key="score").summary
    arms = summary["arms"]
    best = best_classical(arms)
    found = answer_of(arms)
    assert best is not None
    assert best[1] == min(arms["heuristic"]["objective"], arms["baseline"]["objective"])
    assert found.value == arms["quantum"]["objective"]
    assert found.change == pytest.approx(found.value / best[1] - 1)
    rows = candidates(summary)
    assert [row.value for row in rows] == sorted(row.value for row in rows)
    assert [row.name for row in rows if row.baseline] == ["Strong classical", "Heuristic"]
    kept, shots = valid_shots(summary) or (0, 0)
    assert shots == 256
    assert 0 < kept <= shots
    drawn = samples_figure(summary, "m", repaired=False)
    assert sum(int(row[2]) for row in drawn.table.rows) == kept
    assert credit(summary) == summary["credit_why"]


def test_nothing_scored_is_nothing_claimed():
    assert answer_of({}).value is None
    assert candidates({}) == []
    assert credit({}) == ""
    assert samples_figure({}, "m", repaired=False).sentence == "Fills after the score."
    assert samples_figure({"degraded": True}, "m", repaired=False).sentence.startswith("No quantum samples")


def test_a_circuit_we_did_not_write_is_not_drawn():
    assert circuit_figure("OPENQASM 3.0; // a fake", "x") is None
    drawn = circuit_figure("OPENQASM 3.0;\nqubit[2] q;\nh q[0];\ncx q[0], q[1];\nrz(1.5e-3) q[1];\n", "x")
    assert drawn is not None
    assert "2 qubits, 3 gates, 1 of them on two" in drawn.sentence


def test_calibration_names_the_worst_of_the_qubits_used():
    body = {
        "calibrated_at": "2026-03-27T05:10:00+00:00",
        "calibration": {
            "columns": ["qubit", "t1_seconds", "readout_error"],
            "qubits": [[0, 1e-4, 0.01], [1, 2e-4, 0.02], [2, 9e-6, 0.4]],
            "couplers": [[0, 1, 0.006], [1, 2, 0.2]],
        },
    }
    found = calibration(body, "cz $0, $1;")
    assert found is not None
    lines = {line.name: line for line in found.lines}
    assert lines["Readout error"].worst.startswith("q1 ")
    assert lines["Two-qubit error"].worst.startswith("q0–q1")
    assert lines["T1"].worst.startswith("q0 ")
    assert lines["T2"].value == "not reported"
    assert calibration(None, "") is None


def test_cancel_says_what_it_keeps_and_saves(world: World, as_: SignIn):
    run = _reach(world, "running")
    browser = as_(world.ines)
    text = plain(browser.get(f"/runs/{run.pk}/cancel/").content.decode())
    assert "Cancelling keeps" in text
    assert "Submission 1 on aster is out" in text
    assert "may still cost up to $1.30" in text
    assert browser.post(f"/runs/{run.pk}/cancel/").status_code == 302
    assert Run.objects.get(pk=run.pk).cancel_requested
    assert "Cancelling: aster was asked to stop." in plain(browser.get(f"/runs/{run.pk}/").content.decode())


def test_a_cancel_without_a_job_ends_at_once(world: World, as_: SignIn):
    run = _reach(world, "waiting")
    browser = as_(world.ines)
    assert "so the run ends at once" in plain(browser.get(f"/runs/{run.pk}/cancel/").content.decode())
    browser.post(f"/runs/{run.pk}/cancel/")
    assert Run.objects.get(pk=run.pk).outcome == RunState.CANCELLED
    assert browser.get(f"/runs/{run.pk}/cancel/").status_code == 302


def test_what_has_ended_is_not_cancelled_again(world: World, as_: SignIn, refusing: None):
    run = _reach(world, "cancelled")
    again = as_(world.ines).post(f"/runs/{run.pk}/cancel/")
    assert again.status_code == 409
    assert "has ended already" in again.content.decode()


def test_a_replay_is_a_new_linked_run_made_once(world: World, as_: SignIn):
    run = _reach(world, "cancelled")
    browser = as_(world.ines)
    for _ in range(2):
        answered = browser.post(f"/runs/{run.pk}/replay/", {"submit_key": "k" * 32})
    copy = Run.objects.get(replay_of=run)
    assert answered.headers["Location"] == f"/runs/{copy.pk}/"
    assert f"replay of R-{run.pk}" in plain(browser.get(f"/runs/{copy.pk}/").content.decode())
    moving = browser.post(f"/runs/{copy.pk}/replay/")
    assert moving.status_code == 422
    assert "has not ended" in moving.content.decode()
