"""Definitions in the browser: read, propose, edit, try, review, take off; each for whom it is meant."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from hybridops.definitions.models import Draft, SignedDocument, WeeklyNote
from hybridops.definitions.queries import workflow_named
from hybridops.engine import authoring
from hybridops.teams.models import User
from hybridops.web.pages.definition_forms import WorkflowForm
from tests.definitions.test_drafts import passed
from tests.presence import code_of
from tests.web.words import plain, within_forty
from tests.world import FAKE, World

SOURCE = b'HYBRIDOPS = {"name": "fake", "based_on": "fake", "title": "Wider", "parameters": {"shots": {"high": 2000}}}'


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def draft(world: World) -> Draft:
    sent = SimpleUploadedFile("wider.py", SOURCE)
    answer = browser(world.ines).post("/definitions/propose/", {"source": sent})
    made = Draft.objects.get()
    assert answer.headers["Location"] == f"/definitions/{made.pk}/"
    return made


def test_a_script_becomes_a_draft_that_says_what_it_changes(world: World, draft: Draft) -> None:
    answer = browser(world.ines).get(f"/definitions/{draft.pk}/")
    text = plain(answer.content.decode())
    assert "parameters.shots.high10002000" in text
    assert "It cannot be reviewed yet. Missing: a dry run of this revision that passed." in text
    within_forty(str(answer.context["answer"]))
    assert "Ask for a review" in text
    listed = browser(world.mikkel).get("/definitions/")
    assert "Wider version 2" in plain(listed.content.decode())
    within_forty(str(listed.context["answer"]))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.py", b"x = 1", "a.py: line 1: there is no HYBRIDOPS"),
        ("a.exe", b"x", "Python script (.py) or a notebook (.ipynb)"),
        ("a.py", b'HYBRIDOPS = {"parameters": {"depth": {}}}', "no parameter"),
    ],
)
def test_a_source_that_says_nothing_makes_nothing(world: World, name: str, data: bytes, says: str) -> None:
    sent = {"source": SimpleUploadedFile(name, data)}
    if b"parameters" in data:
        sent = {"source": SimpleUploadedFile(name, data.replace(b"{", b'{"based_on": "fake", ', 1))}
    answer = browser(world.ines).post("/definitions/propose/", sent)
    assert answer.status_code == 422
    assert says in plain(answer.content.decode())
    assert not Draft.objects.exists()
    assert browser(world.ines).post("/definitions/propose/").status_code == 422


def typed(draft: Draft, **changes: str) -> dict[str, str]:
    """The edit form as the page fills it in."""
    client = browser(draft.author)  # type: ignore[arg-type]
    form = client.get(f"/definitions/{draft.pk}/").context["form"]
    filled = {name: "" if form[name].value() is None else str(form[name].value()) for name in form.fields}
    return {**filled, "revision": str(draft.revision), **changes}


def test_an_edit_is_a_revision_and_a_stale_one_is_shown_beside_the_other(world: World, draft: Draft) -> None:
    mine, theirs = typed(draft, title="Mine"), typed(draft, title="Theirs")
    address = f"/definitions/{draft.pk}/save/"
    assert browser(world.tomas).post(address, theirs).status_code == 302
    answer = browser(world.ines).post(address, mine)
    assert answer.status_code == 409
    text = plain(answer.content.decode())
    assert "Your text was not saved" in text
    assert "titleTheirsMine" in text
    assert 'value="Mine"' in answer.content.decode()
    assert Draft.objects.get().body["title"] == "Theirs"
    assert browser(world.ines).post(address, {**mine, "revision": "2"}).status_code == 302


@pytest.mark.parametrize(
    "changes",
    [{"shots-low": "5000"}, {"shots-high": "many"}, {"against": "luck"}, {"title": ""}, {"revision": "x"}],
)
def test_what_is_outside_the_grammar_is_said_and_not_saved(
    world: World, draft: Draft, changes: dict[str, str]
) -> None:
    answer = browser(world.ines).post(f"/definitions/{draft.pk}/save/", typed(draft, **changes))
    assert answer.status_code == 422
    assert Draft.objects.get().revision == 1


def test_a_second_person_reviews_with_a_code_and_it_is_in_force(world: World, draft: Draft) -> None:
    passed(draft)
    assert browser(world.ines).post(f"/definitions/{draft.pk}/ask/").status_code == 302
    page = browser(world.mikkel).get(f"/definitions/{draft.pk}/").content.decode()
    assert "Approve and sign" in page
    assert "checked" not in page.split('id="id_verdict"')[1].split("</div>")[0]
    assert "Approve and sign" not in browser(world.ines).get(f"/definitions/{draft.pk}/").content.decode()
    sent = {"verdict": "approve", "digest_shown": draft.digest, "reason": ""}
    without = browser(world.mikkel).post(f"/definitions/{draft.pk}/review/", sent)
    assert without.status_code == 422
    stale = {**sent, "digest_shown": "0" * 64, "code": code_of(world.mikkel)}
    assert (
        browser(world.ada)
        .post(f"/definitions/{draft.pk}/review/", {**stale, "code": code_of(world.ada)})
        .status_code
        == 409
    )
    done = browser(world.mikkel).post(
        f"/definitions/{draft.pk}/review/", {**sent, "code": code_of(world.mikkel)}
    )
    assert done.status_code == 302
    assert workflow_named("fake")[0].title == "Wider"


def test_every_verb_is_for_whom_it_is_meant(world: World, draft: Draft) -> None:
    address = f"/definitions/{draft.pk}/"
    for name in ("zoe", "omar", "aud"):
        assert browser(getattr(world, name)).get(address).status_code == 404
        for verb in ("save", "try", "ask", "withdraw", "review", "passkey"):
            assert browser(getattr(world, name)).post(f"{address}{verb}/").status_code == 404
    for verb in ("try", "ask", "withdraw"):
        assert browser(world.mikkel).post(f"{address}{verb}/").status_code in (404, 422)
    assert browser(world.farah).post("/definitions/propose/", {}).status_code == 404
    assert browser(world.ines).post("/definitions/from/policy/standard/").status_code == 404
    assert browser(world.ines).post("/definitions/from/nothing/fake/").status_code == 404
    assert Draft.objects.get().state == "edited"


def test_a_policy_is_drafted_as_json(world: World) -> None:
    answer = browser(world.priya).post("/definitions/from/policy/standard/")
    draft = Draft.objects.get()
    assert answer.headers["Location"] == f"/definitions/{draft.pk}/"
    address = f"/definitions/{draft.pk}/save/"
    for text in ("{", "[]", '{"a": 1, "a": 2}', '{"name": "standard"}', "{}"):
        refused = browser(world.priya).post(address, {"text": text, "revision": "1"})
        assert refused.status_code == 422, text
    assert Draft.objects.get().revision == 1


def test_a_document_is_taken_off_with_a_reason(world: World) -> None:
    row = SignedDocument.objects.get(kind="workflow")
    address = f"/definitions/documents/{row.pk}/leave/"
    for name in ("ines", "farah", "omar", "zoe"):
        assert browser(getattr(world, name)).post(address, {"verb": "retire", "why": "x"}).status_code == 404
    for sent in (
        {"verb": "retire"},
        {"verb": "burn", "why": "x"},
        {"verb": "deprecate", "why": "x", "until": "soon"},
    ):
        assert browser(world.mikkel).post(address, sent).status_code == 422
    assert browser(world.mikkel).post(address, {"verb": "retire", "why": "superseded"}).status_code == 302
    assert "is retired: superseded" in plain(browser(world.ines).get("/workflows/").content.decode())


def test_the_week_proposes_and_a_person_decides(world: World) -> None:
    answer = browser(world.mikkel).get("/definitions/week/")
    text = plain(answer.content.decode())
    assert "The numbers say: retire one workflow." in text
    assert "Nobody has run it." in text
    within_forty(str(answer.context["answer"]))
    row = SignedDocument.objects.get(kind="workflow")
    address = f"/definitions/week/{row.pk}/"
    assert browser(world.ines).post(address, {"verdict": "keep", "why": "new"}).status_code == 404
    assert browser(world.mikkel).post(address, {"verdict": "keep", "why": " "}).status_code == 422
    assert browser(world.mikkel).post(address, {"verdict": "keep", "why": "new"}).status_code == 302
    note = WeeklyNote.objects.get()
    assert (note.verdict, note.numbers["proposed"], note.numbers["runs"]) == ("keep", "retire", 0)
    assert SignedDocument.objects.get(pk=row.pk).state == "active"
    assert "Mikkel said keep" in plain(browser(world.ines).get("/definitions/week/").content.decode())


def test_a_workflow_signed_for_other_code_says_so_in_the_gallery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "hybridops.web.pages.workflows.other_code", lambda definition: "It was signed for other code."
    )
    html = browser(world.ines).get("/workflows/").content.decode()
    assert "It was signed for other code." in html
    assert "/workflows/fake/submit/" not in html
    assert authoring.other_code(workflow_named("fake")[0]) == ""


def test_the_form_keeps_sets_and_takes_away_the_rule_for_helping() -> None:
    body = {**FAKE, "parameters": []}
    sent = {"title": "F", "summary": "s", "against": "heuristic", "worse_by_at_most": "0", "fallback": "stop"}
    sent |= {"submissions_max": "1"}
    rule = {"delta": "0.01", "bound": "0.1", "pairs": "30"}
    form = WorkflowForm(body, {**sent, **rule})
    assert form.is_valid(), form.errors
    made = form.body()
    assert (made["schema"], made["helping"]["pairs"]) == ("hybridops.workflow/2", 30)
    assert WorkflowForm(made)["delta"].initial == 0.01
    without = WorkflowForm(made, sent)
    assert without.is_valid()
    assert (without.body()["schema"], "helping" in without.body()) == ("hybridops.workflow/1", False)
    assert not WorkflowForm(body, {**sent, "delta": "0.01"}).is_valid()
