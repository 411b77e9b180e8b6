"""The list of runs: what a row says, how filters count, that fifty rows cost what one does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hybridops.domain import clock
from hybridops.engine.inline import drive
from hybridops.experiments import services
from hybridops.experiments.history import What, timelines
from hybridops.experiments.listing import Filters, answer_seconds, counts, runs_listed, track_record
from hybridops.experiments.models import Run
from hybridops.web.answers.runs import answer
from tests.web.routing_world import SignIn, decide, finish
from tests.web.words import plain, within_forty
from tests.world import World, submit

EMPTY = dict.fromkeys(("moving", "waiting", "accepted"), 0)


@pytest.mark.parametrize(
    ("tally", "found", "said"),
    [
        ({"all": 0}, None, "No runs yet."),
        ({"all": 1, "moving": 1}, None, "One run is moving."),
        (
            {"all": 6, "moving": 2, "waiting": 1, "accepted": 1},
            None,
            "Two runs are moving and one run waits for",
        ),
        ({"all": 3, "accepted": 2}, None, "Of three runs that ended, two were accepted."),
        ({"all": 3}, None, "Of three runs that ended, none were accepted."),
        ({"all": 0}, 0, "No run matches. There are 214 without the filter."),
        ({"all": 1}, 1, "One run matches."),
        ({"all": 12}, 12, "12 runs match."),
    ],
)
def test_the_answer(tally: dict[str, int], found: int | None, said: str):
    told = answer({**EMPTY, **tally}, found=found, every=214)
    assert said in plain(told)
    within_forty(told)


def test_an_empty_list_says_what_fills_it(world: World, as_: SignIn):
    assert "The simulator costs nothing" in plain(as_(world.ines).get("/runs/").content.decode())


def test_a_row_says_what_a_run_found_and_cost(world: World, as_: SignIn, ended: Run):
    text = plain(as_(world.ines).get("/runs/").content.decode())
    assert "Night shift" in text
    assert "than best classical" in text or "from best classical" in text
    assert "$3.30, cap $50.00" in text
    assert "heron-torino" in text


def test_rows_are_live_until_the_run_ends(world: World, as_: SignIn):
    run = submit(world)
    page = as_(world.ines).get("/runs/").content.decode()
    assert f'data-watch="run:{run.pk}" data-version="{run.version}"' in page
    row = as_(world.ines).get(f"/runs/{run.pk}/part/row/").content.decode()
    assert row.lstrip().startswith("<li")
    assert row.strip() in page
    services.cancel(user=world.ines, run_id=run.pk)
    assert "data-watch" not in as_(world.ines).get(f"/runs/{run.pk}/part/row/").content.decode()


def test_filters_keep_to_the_url(world: World, as_: SignIn):
    first, second = submit(world, title="Zone C"), submit(world, title="Harbour", user=world.tomas)
    services.cancel(user=world.ines, run_id=first.pk)
    browser = as_(world.ines)

    def titles(query: str) -> set[str]:
        text = browser.get(f"/runs/?{query}").content.decode()
        return {title for title in ("Zone C", "Harbour") if f">{title}</a>" in text}

    assert titles("") == {"Zone C", "Harbour"}
    assert titles("state=without_result") == titles("mine=1") == titles("q=zone") == {"Zone C"}
    assert titles("state=moving") == titles(f"q=R-{second.pk}") == titles("q=tomas") == {"Harbour"}
    assert titles("workflow=fake&state=moving&q=har") == {"Harbour"}
    assert titles("workflow=routing") == titles("state=nonsense") == set()
    assert "Clear filter" in browser.get("/runs/?q=kelvin").content.decode()


def test_tabs_count_what_they_open(world: World):
    runs = [submit(world) for _ in range(3)]
    services.cancel(user=world.ines, run_id=runs[0].pk)
    drive(runs[1].pk)
    told = counts(world.ines, Filters())
    assert (told["all"], told["moving"], told["waiting"], told["without_result"]) == (3, 1, 1, 1)
    for group, count in told.items():
        asked = Filters(state="" if group == "all" else group)
        assert runs_listed(world.ines, asked).count() == count


def test_a_reviewer_sees_which_run_waits_for_them(world: World, as_: SignIn):
    drive(submit(world).pk)
    assert "Waiting for you" in as_(world.mikkel).get("/runs/").content.decode()
    assert "Waiting for you" not in as_(world.ines).get("/runs/").content.decode()


def test_fifty_rows_cost_what_one_does(world: World, as_: SignIn):
    browser = as_(world.ines)
    drive(submit(world).pk)
    with CaptureQueriesContext(connection) as few:
        browser.get("/runs/")
    for _ in range(9):
        drive(submit(world).pk)
    with CaptureQueriesContext(connection) as many:
        browser.get("/runs/")
    assert len(many) == len(few) < 40


def test_more_than_a_page_is_paged(world: World, as_: SignIn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hybridops.web.pages.runs.PAGE", 2)
    for number in range(3):
        submit(world, title=f"Run {number}")
    browser = as_(world.ines)
    first = browser.get("/runs/?mine=1").content.decode()
    assert "Run 2" in first
    assert "Run 0" not in first
    older = re.search(r'href="\?(mine=1&amp;before=\d+)" rel="next"', first)
    assert older is not None
    text = browser.get("/runs/?" + older[1].replace("&amp;", "&")).content.decode()
    assert "Run 0" in text
    assert "Run 2" not in text
    assert 'rel="next"' not in text
    assert "Run 2" in browser.get("/runs/?before=nothing").content.decode()


def test_counts_end_where_nobody_reads_them(world: World, as_: SignIn, monkeypatch: pytest.MonkeyPatch):
    for place in ("hybridops.experiments.listing", "hybridops.web.answers.runs"):
        monkeypatch.setattr(f"{place}.COUNTED_MAX", 2)
    for _ in range(4):
        services.cancel(user=world.ines, run_id=submit(world).pk)
    assert (
        counts(world.ines, Filters())["all"] == counts(world.ines, Filters(mine=True))["without_result"] == 3
    )
    browser = as_(world.ines)
    assert "More than 2 runs have ended." in plain(browser.get("/runs/").content.decode())
    told = plain(browser.get("/runs/?state=cancelled").content.decode())
    assert "More than 2 runs match. There are more than 2 without the filter." in told


def test_the_trail_tells_who_worked_and_who_waited(world: World):
    """The lanes come from the events: the person's answer, the provider's queue, its work."""
    started = clock.now() - timedelta(hours=2)
    with clock.at(started):
        run = submit(world)
        drive(run.pk)
    with clock.at(started + timedelta(minutes=31)):
        decide(world.mikkel, run)
        finish(run)
    found = timelines(Run.objects.filter(pk=run.pk), clock.now())[run.pk]
    asked = [one for one in found if one.what is What.DECIDED]
    assert [(one.lane, (one.end - one.start).total_seconds()) for one in asked] == [("person", 31 * 60)]
    assert {one.name for one in found if one.lane == "qpu"} == {f"Submission {n}, aster" for n in (1, 2, 3)}
    assert not any(one.open for one in found)


def test_what_goes_on_is_open_until_now(world: World):
    run = submit(world)
    drive(run.pk)
    later = clock.now() + timedelta(minutes=5)
    last = timelines([run], later)[run.pk][-1]
    assert (last.lane, last.open, last.end) == ("person", True, later)


def test_the_record_of_a_workflow_and_of_its_reviewers(world: World):
    assert answer_seconds(world.ines) is None
    run = submit(world)
    drive(run.pk)
    decide(world.mikkel, run)
    finish(run)
    record = track_record(world.ines)["fake"]
    assert (record.runs, record.accepted) == (1, 1)
    assert record.cost
    assert record.seconds is not None
    assert answer_seconds(world.ines) is not None
    assert track_record(world.zoe) == {}
