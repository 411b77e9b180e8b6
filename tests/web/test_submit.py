"""Submit: what is shown is what is sent, errors stand beside their fields, data says where it is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hybridops.definitions.queries import workflow_named
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.money import to_micro
from hybridops.engine.builtin import document
from hybridops.engine.preview import preview
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.experiments.queries import snapshots_for
from hybridops.experiments.services import Wanted
from hybridops.quotas.models import Budget
from hybridops.teams import services as teams
from hybridops.teams.access import projects_with
from hybridops.teams.permissions import Permission
from hybridops.web.answers.submit import Told, answer, changed, without_data, wrong
from hybridops.web.figures import Lane
from hybridops.web.pages.submit_form import SubmitForm
from hybridops.web.viewmodels.prediction import predicted
from tests.web.routing_world import SignIn
from tests.web.words import plain, within_forty
from tests.world import PRICES, World, publish

URL = "/workflows/fake/submit/"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOLD: dict[str, Any] = {
    "likely": Decimal("30.85"),
    "high": Decimal("36.95"),
    "reviewers": 1,
    "finance": 0,
    "backend": "aster-27",
    "done": NOON,
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "This run will likely cost $30.85, needs one reviewer, and should be done by 12:00."),
        ({"reviewers": 0}, "needs nobody’s approval"),
        ({"reviewers": 2, "finance": 1}, "needs two reviewers and finance"),
        ({"deadline": NOON + timedelta(minutes=25)}, "done by 12:00, 25 min before your deadline."),
        ({"deadline": NOON - timedelta(seconds=20)}, "1 min after your deadline."),
        ({"done": None}, "needs one reviewer."),
        ({"cap": Decimal(10)}, "On aster-27 the QPU may cost $36.95, above your cap of $10.00."),
    ],
)
def test_the_answer(change: dict[str, Any], said: str):
    told = answer(Told(**{**TOLD, **change}))
    assert said in plain(told)
    within_forty(told)


def test_the_other_answers():
    for told in (wrong(1), wrong(7), without_data(), changed(None), changed(Decimal("3.3"))):
        within_forty(told)


def values(world: World, **changes: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    return {
        "project": world.project.pk,
        "snapshot": world.snapshot.pk,
        "title": "Wave 15",
        "business_outcome": "shorter walks",
        "backend": "",
        "p_shots": "100",
        "p_rounds": "3",
        "seed": "7",
        "priority_class": "validation",
        "deadline": "",
        "fallback": "classical",
        "cost_max": "50.00",
        "submit_key": "a" * 32,
        **changes,
    }


def test_a_first_visit_is_a_preview(world: World, as_: SignIn):
    answered = as_(world.ines).get(URL)
    text = plain(answered.content.decode())
    assert answered.status_code == 200
    assert "This run will likely cost $3.9" in text
    assert "Ask for approval" in text
    assert "One reviewer, before" in text
    assert "Routing, this period: $1 000.00 left" in text
    assert "10 to 1 000." in text
    assert "None" not in text
    within_forty(answered.context["answer"])
    assert answered.context["offer"].over_cap is False


def test_what_was_previewed_is_submitted(world: World, as_: SignIn):
    browser = as_(world.ines)
    seen = browser.post("/workflows/fake/preview/", values(world))
    digest = seen.context["offer"].digest
    answered = browser.post(URL, values(world, preview_digest=digest))
    run = Run.objects.get()
    assert answered.headers["Location"] == f"/runs/{run.pk}/"
    assert run.parameters == {"shots": 100, "rounds": 3}
    assert run.plan["cost_max_micro"] == 50_000_000
    assert (run.experiment.title, run.experiment.business_outcome) == ("Wave 15", "shorter walks")


def test_the_preview_answers_with_what_the_page_swaps(world: World, as_: SignIn):
    page = as_(world.ines).post("/workflows/fake/preview/", values(world, p_shots="200")).content.decode()
    for piece in (
        'id="preview"',
        'id="answer"',
        'data-error-for="id_p_shots"',
        'data-error-for="id_cost_max"',
    ):
        assert piece in page, piece
    assert '"id_backend" data-error-for' in page
    assert "$2.30" in plain(page)


def test_values_that_were_not_shown_are_shown_first(world: World, as_: SignIn):
    browser = as_(world.ines)
    digest = browser.post("/workflows/fake/preview/", values(world)).context["offer"].digest
    answered = browser.post(URL, values(world, p_shots="200", preview_digest=digest))
    assert answered.status_code == 409
    assert "This is not what was shown last: now likely $6.9" in plain(answered.content.decode())
    assert 'value="200"' in answered.content.decode()
    assert not Run.objects.exists()
    again = browser.post(URL, values(world, p_shots="200", preview_digest=answered.context["offer"].digest))
    assert again.status_code == 302


def test_a_price_that_moved_is_shown_again(world: World, as_: SignIn):
    browser = as_(world.ines)
    digest = browser.post("/workflows/fake/preview/", values(world)).context["offer"].digest
    dearer = [{**PRICES["rules"][0], "shot": "0.02"}]
    publish({**PRICES, "version": 2, "rules": dearer}, "pricebook")
    assert browser.post(URL, values(world, preview_digest=digest)).status_code == 409
    assert not Run.objects.exists()


def test_without_a_preview_it_is_submitted_as_it_is(world: World, as_: SignIn):
    assert as_(world.ines).post(URL, values(world)).status_code == 302


def test_the_same_form_sent_twice_is_one_run(world: World, as_: SignIn):
    browser = as_(world.ines)
    first, second = (browser.post(URL, values(world)) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Run.objects.count() == 1


def test_above_the_cap_the_button_raises_it(world: World, as_: SignIn):
    browser = as_(world.ines)
    low = values(world, cost_max="1.00")
    seen = browser.post("/workflows/fake/preview/", low)
    text = plain(seen.content.decode())
    assert "On aster the QPU may cost $3.90, above your cap of $1.00." in text
    assert "Raise the cap to $5.00 and ask" in text
    refused = browser.post(URL, {**low, "preview_digest": seen.context["offer"].digest})
    assert refused.status_code == 422
    assert "above your cap of $1.00" in plain(refused.content.decode())
    assert "Raise the cap to $5.00 and ask" in plain(refused.content.decode())
    assert not Run.objects.exists()
    raised = browser.post(URL, {**low, "preview_digest": seen.context["offer"].digest, "raise_cap": "1"})
    assert raised.status_code == 302
    assert Run.objects.get().plan["cost_max_micro"] == to_micro(Decimal(5))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("p_shots", "12000", "Shots must be between 10 and 1000. You entered 12000."),
        ("p_shots", "many", "Enter a whole number."),
        ("p_rounds", "", "This field is required."),
        ("title", " ", "Give the run a name."),
        ("seed", "-1", "The seed is a whole number from 0"),
        ("seed", "x", "The seed is a whole number."),
        ("deadline", "2020-01-01T10:00", "The finish time is in the past."),
        ("deadline", "soon", "Give a day and a time"),
        ("cost_max", "-1", "The cap is zero or more."),
        ("cost_max", "much", "The cap is an amount such as 45.00."),
        ("backend", "nowhere", "nowhere cannot take this"),
        ("snapshot", "999", "Choose data of this project."),
        ("project", "999", "Choose a project in which you may submit."),
        ("fallback", "magic", "magic"),
        ("priority_class", "urgent", "urgent"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    world: World, as_: SignIn, refusing: None, field: str, value: str, said: str
):
    answered = as_(world.ines).post(URL, values(world, **{field: value}))
    page = answered.content.decode()
    assert answered.status_code == 422
    assert said in plain(page)
    assert f'href="#id_{field}"' in page
    assert 'class="errsum" role="alert"' in page
    assert 'value="Wave 15"' in page or field == "title"
    within_forty(answered.context["answer"])
    assert not Run.objects.exists()


def test_amounts_are_read_as_people_write_them(world: World, as_: SignIn):
    as_(world.ines).post(URL, values(world, cost_max="$1 200.50"))
    assert Run.objects.get().plan["cost_max_micro"] == 1_200_500_000


def test_a_preview_with_an_error_keeps_what_was_typed(world: World, as_: SignIn):
    answered = as_(world.ines).post("/workflows/fake/preview/", values(world, p_shots="5", title="Mine"))
    assert answered.status_code == 422
    assert 'value="Mine"' in answered.content.decode()
    assert "The price stands here once every value can be read." in answered.content.decode()


def test_no_budget_is_a_refusal_above_the_form(world: World, as_: SignIn, refusing: None):
    Budget.objects.update(limit_micro=1)
    answered = as_(world.ines).post(URL, values(world))
    assert answered.status_code == 422
    assert not Run.objects.exists()
    assert 'class="errsum"' in answered.content.decode()


def test_an_unknown_workflow_is_not_there(world: World, as_: SignIn):
    assert as_(world.ines).get("/workflows/nothing/submit/").status_code == 404


def test_a_file_is_checked_listed_and_chosen(world: World, as_: SignIn, routing: DataSnapshot):
    file = SimpleUploadedFile(
        "stops.csv", b"name,latitude,longitude,demand\nD,0,0,0\nA,1,1,1\nB,2,2,1\nC,3,1,1\n"
    )
    sent = {"data-project": world.project.pk, "data-name": "My stops", "data-data_class": "public"}
    answered = as_(world.ines).post("/workflows/routing/data/", {**sent, "data-upload": file})
    made = DataSnapshot.objects.get(name="My stops")
    assert (made.summary["stops"], made.data_class, made.filename) == (3, "public", "stops.csv")
    assert answered.headers["Location"] == f"/workflows/routing/submit/?snapshot={made.pk}"
    page = as_(world.ines).get(answered.headers["Location"]).content.decode()
    assert f'<option value="{made.pk}" selected>' in page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"name,latitude,longitude,demand\nD,0,0,0\nA,one,1,1\nB,2,2,1\nC,3,1,1\n",
            "line 3, column 3: expected",
        ),
        (b"\xff\xfe", "expected UTF-8 text"),
        (b"", "The file is empty."),
        (b"x" * (5 * 1024 * 1024 + 1), "The file is larger than 5 MB."),
    ],
)
def test_a_bad_file_says_where_and_keeps_nothing(
    world: World, as_: SignIn, routing: DataSnapshot, content: bytes, said: str
):
    before = DataSnapshot.objects.count()
    sent = {"data-project": world.project.pk, "data-name": "Mine", "data-data_class": "internal"}
    file = SimpleUploadedFile("stops.csv", content)
    answered = as_(world.ines).post("/workflows/routing/data/", {**sent, "data-upload": file})
    assert answered.status_code == 422
    assert said in plain(answered.content.decode())
    assert 'href="#id_data-upload"' in answered.content.decode()
    assert 'value="Mine"' in answered.content.decode()
    assert DataSnapshot.objects.count() == before


def test_no_file_and_no_set_is_said(world: World, as_: SignIn, routing: DataSnapshot):
    sent = {"data-project": world.project.pk, "data-data_class": "internal"}
    answered = as_(world.ines).post("/workflows/routing/data/", sent)
    assert "Choose a file first." in answered.content.decode()
    answered = as_(world.ines).post("/workflows/routing/data/", {**sent, "builtin": "secret"})
    assert "Choose one of the data sets listed here." in answered.content.decode()


def test_the_public_set_is_one_press_and_the_same_each_time(world: World, as_: SignIn, routing: DataSnapshot):
    sent = {"data-project": world.project.pk, "data-data_class": "sensitive", "builtin": "carshare-montreal"}
    answered = as_(world.ines).post("/workflows/routing/data/", sent)
    assert answered.headers["Location"].endswith(f"?snapshot={routing.pk}")
    assert routing.data_class == "public"
    assert DataSnapshot.objects.filter(workflow="routing").count() == 1


def test_without_data_the_page_asks_for_some(world: World, as_: SignIn):
    publish(document("routing"), "workflow")
    page = plain(as_(world.ines).get("/workflows/routing/submit/").content.decode())
    assert "Add data first: upload a file, or take the public set." in page
    assert "Take Montreal car-share zones" in page


def test_what_cannot_be_chosen_comes_last_with_its_reason(world: World, as_: SignIn, routing: DataSnapshot):
    answered = as_(world.ines).get("/workflows/routing/submit/")
    picks = answered.context["picks"]
    assert [pick.name for pick in picks][:3] == ["Let the scheduler choose", "ideal", "heron-torino"]
    assert all(pick.blocked and "is not signed for scripted" in pick.words for pick in picks[3:])
    assert picks[0].checked
    asked = as_(world.ines).get("/workflows/routing/submit/?backend=heron-torino")
    assert [pick.name for pick in asked.context["picks"] if pick.checked] == ["heron-torino"]
    assert "Calibrated 27 Mar" in plain(asked.content.decode())


def test_two_projects_can_be_told_apart(world: World, as_: SignIn):
    teams.add_project(team=world.team, slug="second", name="Second", actor=SYSTEM)
    page = as_(world.ines).get(URL).content.decode()
    assert '<select name="project"' in page
    assert "Wave 14, 12 stops, Aarhus" in page


def test_the_prediction_waits_for_whom_it_must(world: World, routing: DataSnapshot):
    definition, _ = workflow_named("routing")
    form = SubmitForm(
        {
            **values(world),
            "snapshot": routing.pk,
            **{f"p_{p.name}": p.default for p in definition.parameters},
        },
        definition=definition,
        projects=projects_with(world.ines, Permission.SUBMIT_RUNS),
        snapshots=snapshots_for(world.ines),
    )
    assert form.is_valid(), form.errors
    lanes = {}
    for backend in ("ideal", "heron-torino"):
        wanted = Wanted(**{**_asdict(form.wanted()), "backend": backend})
        seen = preview(user=world.ines, workflow_name="routing", wanted=wanted)
        score = predicted(seen, answer_seconds=None, now=clock.now())
        lanes[backend] = [bar.lane for bar in score.bars]
        assert all(a.end <= b.start for a, b in zip(score.bars, score.bars[1:], strict=False))
    assert Lane.PERSON not in lanes["ideal"]
    assert lanes["heron-torino"].count(Lane.QPU) == 2
    assert Lane.PERSON in lanes["heron-torino"]


def _asdict(wanted: Wanted) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__}
