"""Evidence: a verdict out of real runs, what was left out and why, each figure with the way down to its runs."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from hybridops.domain.helping import HELPING, NOT_HELPING, TOO_EARLY
from hybridops.domain.ports import RemoteState
from hybridops.domain.workflow import SCHEMAS
from hybridops.experiments import services
from hybridops.experiments.outcome import Outcome
from hybridops.teams.models import User
from hybridops.web.spreadsheets import safe
from hybridops.web.viewmodels.evidence_tables import TABLES
from tests.engine import fake
from tests.experiments.test_outcomes import other_data
from tests.web.test_decision import ask, use
from tests.web.words import within_forty
from tests.world import FAKE, World, publish, submit

RULE = {"delta": 0.01, "bound": 0.1, "pairs": 30, "method": "betting"}
BEATEN = {"heuristic": 100.0, "baseline": 95.0, "random": 99.0}


@pytest.fixture
def ruled(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The fake workflow with a rule for helping, and a control whose arms stand where nothing came back."""
    control = {
        "key": "control", "kind": "compute", "resource": "cpu", "needs": ["baseline"], "step": "control",
        "seconds_max": 5, "label": "Is a QPU needed?",
    }  # fmt: skip
    stages = [
        {**one, "needs": ["compile", "control"]} if one["key"] == "gate" else one for one in FAKE["stages"]
    ]
    monkeypatch.setattr(fake, "CONTROL", {**BEATEN, "baseline": 101.0, "random": 102.0})
    body = {**FAKE, "version": 2, "schema": SCHEMAS[1], "helping": RULE}
    publish({**body, "stages": [*stages[:4], control, *stages[4:]]}, "workflow")
    return world


def run_on(world: World, number: int, answer: float = 90.0, **changed: Any) -> Outcome:
    fake.ANSWER["quantum"] = answer
    run = use(world, ask(world, snapshot_id=other_data(world, number), **changed))
    return Outcome.objects.get(run=run)


def get(user: User, address: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(address)


def grown(like: Outcome, count: int, **changed: Any) -> None:
    """As many pairs more, each on data of its own: rows beside real ones, for what takes dozens of pairs."""
    from hybridops.experiments.models import DataSnapshot, Run

    snapshot, run = DataSnapshot.objects.get(pk=like.snapshot_id), Run.objects.get(pk=like.pk)
    for number in range(count):
        snapshot.pk, snapshot.digest = None, f"{number:064x}"
        snapshot.save(force_insert=True)
        run.pk, run.submit_key = None, f"grown-{number}"
        run.save(force_insert=True)
        row = Outcome.objects.get(pk=like.pk)
        row.pk, row.snapshot_id = run.pk, snapshot.pk
        for name, value in changed.items():
            setattr(row, name, value)
        row.save(force_insert=True)


def test_without_a_rule_nothing_is_claimed(world: World) -> None:
    run_on(world, 1)
    shown = get(world.ines, "/evidence/fake/")
    assert shown.context["view"].found is None
    assert "No rule was set before data came in" in strip_tags(shown.content.decode())
    assert "No rule was set" in get(world.ines, "/evidence/").content.decode()


def test_a_few_pairs_are_too_early_and_every_run_is_reached(ruled: World) -> None:
    rows = [run_on(ruled, number) for number in range(3)]
    again = run_on(ruled, 0)
    shown = get(ruled.ines, "/evidence/fake/")
    view, html = shown.context["view"], shown.content.decode()
    assert (view.word, view.found.count) == (TOO_EARLY, 3)
    assert view.found.against["baseline"].estimate == pytest.approx(5 / 95)
    within_forty(shown.context["answer"])
    for row in (*rows, again):
        assert f'href="/runs/{row.pk}/"' in html
    assert shown.context["left"] == {
        "an earlier run on the same data counts, and never the best of several": 1
    }
    assert view.found.spent == pytest.approx(sum(Outcome.objects.values_list("qpu_micro", flat=True)) / 1e6)


def test_a_failed_run_is_no_improvement_and_stays(ruled: World) -> None:
    good = run_on(ruled, 1)
    fake.CLOUD.finishes = RemoteState.FAILED
    failed = run_on(ruled, 2, fallback="stop")
    assert (failed.outcome, failed.quantum, failed.random) == ("failed", None, 102.0)
    found = get(ruled.ines, "/evidence/fake/").context["view"].found
    assert (found.count, found.failed) == (2, 1)
    assert found.against["baseline"].estimate == pytest.approx(5 / 95 / 2)
    assert good.quantum == 90.0


def test_what_cannot_be_compared_is_listed_with_its_run_and_its_money(ruled: World) -> None:
    kept, lost = run_on(ruled, 1), run_on(ruled, 2)
    Outcome.objects.filter(pk=lost.pk).update(random=None)
    shown = get(ruled.ines, "/evidence/fake/")
    assert shown.context["excluded"] == [(lost.pk, "random bits have no usable answer")]
    assert shown.context["view"].found.count == 1
    assert shown.context["view"].found.spent == pytest.approx((kept.qpu_micro + lost.qpu_micro) / 1e6)


def test_what_was_never_sent_is_left_out_with_its_reason(ruled: World) -> None:
    services.cancel(user=ruled.ines, run_id=submit(ruled).pk)
    shown = get(ruled.ines, "/evidence/fake/")
    assert shown.context["left"] == {"it was cancelled before anything was sent": 1}
    assert shown.context["view"].rows == ()
    assert "no pair of 30 is there" in strip_tags(shown.content.decode())


@pytest.mark.parametrize(
    ("quantum", "random", "word"),
    [(90.0, 99.0, HELPING), (95.0, 99.0, NOT_HELPING), (90.0, 90.0, NOT_HELPING)],
)
def test_it_helps_only_where_both_references_are_beaten(
    ruled: World, quantum: float, random: float, word: str
) -> None:
    """The first is better than both, the next no better than the solver, the last no better than random bits."""
    first = run_on(ruled, 1)
    Outcome.objects.filter(pk=first.pk).update(quantum=quantum, random=random)
    grown(first, 59, quantum=quantum, random=random)
    shown = get(ruled.ines, "/evidence/fake/")
    assert shown.context["view"].word == word
    within_forty(shown.context["answer"])
    listed = get(ruled.ines, "/evidence/").content.decode()
    assert word.capitalize() in listed


def test_the_first_pair_of_a_snapshot_counts_even_where_two_ended_at_once(ruled: World) -> None:
    first, second = run_on(ruled, 1), run_on(ruled, 1, answer=70.0)
    Outcome.objects.filter(pk=second.pk).update(counts="pair", ended_at=first.ended_at)
    rows = get(ruled.ines, "/evidence/fake/").context["view"].rows
    assert [(row.run, row.quantum) for row in rows] == [(first.pk, 90.0)]


def test_another_version_has_its_own_evidence(ruled: World) -> None:
    run_on(ruled, 1)
    publish({**FAKE, "version": 3, "schema": SCHEMAS[1], "helping": {**RULE, "pairs": 5}}, "workflow")
    assert get(ruled.ines, "/evidence/fake/").context["view"].rows == ()
    assert len(get(ruled.ines, "/evidence/fake/?version=2").context["view"].rows) == 1
    assert get(ruled.ines, "/evidence/fake/?version=9").status_code == 404
    assert get(ruled.ines, "/evidence/nothing/").status_code == 404


def test_another_team_sees_no_pair_of_ours(ruled: World) -> None:
    row = run_on(ruled, 1)
    for address in ("/evidence/fake/", "/evidence/fake/report/", "/evidence/fake/pairs.csv", "/evidence/"):
        html = get(ruled.zoe, address).content.decode()
        assert f"R-{row.pk}" not in html and "Wave 1" not in html
    assert get(ruled.zoe, "/evidence/fake/").context["view"].rows == ()
    assert get(ruled.zoe, f"/compare/?r={row.pk}&r={row.pk}").status_code == 403


def test_every_table_is_a_csv(ruled: World) -> None:
    run_on(ruled, 1, title="=cmd()")
    run_on(ruled, 1)
    for table in TABLES:
        answer = get(ruled.ines, f"/evidence/fake/{table}.csv")
        rows = list(csv.reader(io.StringIO(answer.content.decode())))
        assert len(rows) > 1, table
        assert len({len(row) for row in rows}) == 1, table
    assert get(ruled.ines, "/evidence/fake/anything.csv").status_code == 404


def test_the_verdicts_of_all_workflows_are_a_csv(ruled: World) -> None:
    told = csv.DictReader(io.StringIO(get(ruled.ines, "/evidence/export.csv").content.decode()))
    (row,) = (row for row in told if row["workflow"] == "fake")
    html = get(ruled.ines, "/evidence/").content.decode()
    assert f"{row['pairs']} of {row['pairs_wanted']}" in html
    assert (row["verdict"], row["decided"]) == ("too early", "")


def test_a_cell_runs_no_formula_and_a_number_stays_one() -> None:
    for cell in ("=1+1", "+1", "-cmd", "@x", "\tx", "-1+2", "-inf", "-1\n"):
        assert safe(cell) == f"'{cell}"
    assert [safe(cell) for cell in ("-0.5", "-2e-9", "", "Wave 1")] == ["-0.5", "-2e-9", "", "Wave 1"]


def test_the_report_says_each_figure_with_its_n_and_opens_its_runs(ruled: World) -> None:
    good = run_on(ruled, 1)
    fake.CLOUD.finishes = RemoteState.FAILED
    bad = run_on(ruled, 2)
    shown = get(ruled.farah, "/evidence/fake/report/?figure=fallback")
    lines = {line.key: line for line in shown.context["lines"]}
    assert (lines["accepted"].found.value, lines["accepted"].count) == (0.5, 2)
    assert lines["cost"].found.value == pytest.approx((good.cost_micro + bad.cost_micro) / 1e6)
    assert lines["errors"].count == good.sent + bad.sent
    assert lines["fallback"].found.value == 0.5
    assert lines["burn"].shown == "not known"
    assert [row.run for row, _ in shown.context["runs"]] == [bad.pk]
    html = shown.content.decode()
    assert "Runs behind fallback frequency" in html
    assert f'href="/runs/{bad.pk}/"' in html
    within_forty(shown.context["answer"])
    assert get(ruled.farah, "/evidence/fake/report/?figure=mood").status_code == 422
    told = list(csv.DictReader(io.StringIO(get(ruled.farah, "/evidence/fake/report.csv").content.decode())))
    assert {row["figure"]: row["n"] for row in told}["Fallback frequency"] == "2"
    behind = get(ruled.farah, "/evidence/fake/report.csv?figure=fallback").content.decode()
    assert f"R-{bad.pk}" in behind and f"R-{good.pk}" not in behind


def test_with_none_accepted_the_report_says_what_was_spent(ruled: World) -> None:
    for number in (1, 2):
        run_on(ruled, number, answer=120.0)
    line = next(
        one for one in get(ruled.farah, "/evidence/fake/report/").context["lines"] if one.key == "cost"
    )
    assert line.shown.endswith("spent, none accepted")
    assert line.interval.endswith("or more") and not line.interval.startswith("$0.00")
    assert line.found.high is None


def test_nothing_yet_is_told_as_such(ruled: World) -> None:
    for address in ("/evidence/", "/evidence/fake/", "/evidence/fake/report/", "/compare/"):
        assert get(ruled.ines, address).status_code == 200
    assert "has ended" in get(ruled.ines, "/evidence/fake/report/").content.decode()
