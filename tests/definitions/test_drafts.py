"""From a draft to a signature: two people, one revision, everything it lacks said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from django.db import connection, transaction

from hybridops.audit.models import AuditEvent
from hybridops.definitions import drafts, lifecycle, reading, review
from hybridops.definitions.models import Draft, Review, SignedDocument
from hybridops.definitions.queries import in_force, workflow_named
from hybridops.definitions.services import verified
from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused, Unsigned
from hybridops.domain.presence import Method, Presence
from hybridops.engine import authoring, tryout
from hybridops.outbox.models import Message
from hybridops.teams.models import User
from hybridops.trust import dsse
from tests.long import only_long
from tests.world import World, publish


@pytest.fixture
def draft(world: World) -> Draft:
    """Ines drafts the next version of the fake workflow; a dry run of it has passed."""
    made = authoring.from_force(user=world.ines, team_id=world.team.pk, kind="workflow", name="fake")
    return passed(edited(world, made, title="Fake, again"))


@contextmanager
def refused(error: type[Exception] | tuple[type[Exception], ...], match: str | None = None) -> Iterator[None]:
    """Raises so, and takes back what it began: a test has a transaction around it, a desk has not."""
    with pytest.raises(error, match=match), transaction.atomic():
        yield


def edited(world: World, draft: Draft, user: User | None = None, **changes: Any) -> Draft:
    return authoring.save(
        user=user or world.ines,
        draft_id=draft.pk,
        body={**draft.body, **changes},
        seen_revision=draft.revision,
    )


def passed(draft: Draft, **more: Any) -> Draft:
    told = {"state": "done", "digest": draft.digest, "passed": True, "why": "accepted", **more}
    drafts.note_trial(draft_id=draft.pk, trial=told)
    return Draft.objects.get(pk=draft.pk)


def there(method: Method = Method.CODE) -> Presence:
    return Presence(method, clock.now())


def reviewed(world: World, draft: Draft, verdict: str = "approve", **changes: Any) -> Draft:
    given = {"user": world.mikkel, "digest_shown": draft.digest, "reason": "because", "presence": there()}
    with transaction.atomic():
        return review.decide(**{**given, "draft_id": draft.pk, "verdict": verdict, **changes})


def test_a_second_person_signs_and_it_is_in_force_at_once(world: World, draft: Draft) -> None:
    drafts.ask_review(user=world.ines, draft_id=draft.pk)
    done = reviewed(world, draft)
    assert done.state == "signed"
    signed = workflow_named("fake")
    assert (signed[0].title, signed[0].version, signed[1]) == ("Fake, again", 2, draft.digest)
    row = SignedDocument.objects.get(digest=draft.digest)
    assert (row.author, row.approver, done.document) == (world.ines, world.mikkel, row)
    said, _ = dsse.verify(Review.objects.get().envelope, kind="review", trusted=_trusted())
    assert (said["subject"], said["verdict"], said["presence"]["method"]) == (
        draft.digest,
        "approve",
        "one-time code",
    )
    told = (
        AuditEvent.objects.filter(stream=f"draft:{draft.pk}").order_by("seq").values_list("action", flat=True)
    )
    assert list(told) == [
        "draft.started",
        "draft.saved",
        "draft.in_review",
        "draft.reviewed",
        "draft.signed",
    ]
    assert set(Message.objects.filter(kind="definition.review").values_list("to__username", flat=True)) >= {
        "mikkel"
    }


def _trusted() -> list[Any]:
    from hybridops.audit.keyring import pair

    return [pair("decision").public]


@pytest.mark.parametrize(("verdict", "state"), [("changes", "edited"), ("reject", "rejected")])
def test_no_leaves_what_is_in_force(world: World, draft: Draft, verdict: str, state: str) -> None:
    drafts.ask_review(user=world.ines, draft_id=draft.pk)
    assert reviewed(world, draft, verdict).state == state
    assert workflow_named("fake")[0].version == 1


def test_only_a_second_living_person_with_the_right_reviews(world: World, draft: Draft) -> None:
    """Its author, an editor, a service, an analyst, another team's reviewer: none of them."""
    draft = passed(edited(world, draft, user=world.tomas, summary="Shorter."))
    drafts.ask_review(user=world.ines, draft_id=draft.pk)
    world.ada.kind = User.SERVICE
    world.ada.save()
    for name in ("ines", "tomas", "ada", "farah", "omar", "zoe"):
        with refused((NotYours, Refused)):
            reviewed(world, draft, user=getattr(world, name))
    assert not Review.objects.exists()
    assert reviewed(world, draft).state == "signed"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"digest_shown": "0" * 64}, Conflict),
        ({"verdict": "yes"}, BadInput),
        ({"verdict": "reject", "reason": " "}, BadInput),
        ({"presence": Presence(Method.SESSION, clock.now())}, Refused),
        ({"presence": Presence(Method.REHEARSAL, clock.now())}, Refused),
        ({"presence": Presence(Method.CODE, clock.now() - timedelta(minutes=6))}, Refused),
    ],
)
def test_a_review_that_does_not_hold_is_not_recorded(
    world: World, draft: Draft, changes: dict[str, Any], error: type[Exception]
) -> None:
    drafts.ask_review(user=world.ines, draft_id=draft.pk)
    with refused(error):
        reviewed(world, draft, **changes)
    assert not Review.objects.exists()
    assert Draft.objects.get().state == "in_review"


def test_what_it_lacks_is_said_and_keeps_it_from_review(world: World, draft: Draft) -> None:
    Draft.objects.update(findings=[{"where": "line 3", "grave": True, "what": "no", "mend": "x"}])
    fresh = edited(world, Draft.objects.get(), title="Again")  # its dry run was of another revision
    assert drafts.missing(fresh) == ["line 3: no", "a dry run of this revision that passed"]
    with refused(Refused, match="line 3"):
        drafts.ask_review(user=world.ines, draft_id=draft.pk)
    assert drafts.missing(passed(fresh, passed=False))[-1] == "a dry run of this revision that passed"


def test_without_a_second_person_nothing_goes_to_review(world: World, draft: Draft) -> None:
    User.objects.filter(memberships__role__in=("reviewer", "policy owner")).update(is_active=False)
    with refused(Refused, match="second person"):
        drafts.ask_review(user=world.ines, draft_id=draft.pk)


def test_two_who_save_at_once_do_not_overwrite_each_other(world: World, draft: Draft) -> None:
    edited(world, draft, user=world.tomas, title="Tomas's")
    with refused(Conflict, match="compare the two"):
        edited(world, draft, title="Ines's")
    assert Draft.objects.get().body["title"] == "Tomas's"


def test_nothing_is_edited_while_a_person_reads_it(world: World, draft: Draft) -> None:
    drafts.ask_review(user=world.ines, draft_id=draft.pk)
    with refused(Conflict):
        edited(world, draft, title="Other")
    drafts.withdraw(user=world.ines, draft_id=draft.pk)
    with refused(Conflict):
        drafts.ask_review(user=world.ines, draft_id=draft.pk)


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": []}, {"parameters": [{"name": "x", "kind": "int", "default": 1, "label": "X"}]},
        {"parameters": [{"name": "x", "kind": "text", "default": "a", "label": "X"}]}, {"fallback": "guess"},
        {"workflow": "no-such"}, {"surprise": lambda: 1},
    ],
)  # fmt: skip
def test_a_body_outside_the_grammar_is_not_saved(world: World, draft: Draft, changes: dict[str, Any]) -> None:
    with refused((BadInput, Refused)):
        edited(world, draft, **changes)
    assert Draft.objects.get().revision == draft.revision


def test_the_code_is_bound_by_the_installation_never_by_the_author(world: World, draft: Draft) -> None:
    forged = edited(world, draft, implementation="f" * 64)
    assert forged.body["implementation"] == verified(in_force("workflow", "fake"))["implementation"]


def test_after_an_upgrade_it_is_drafted_again_and_refuses_until_signed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authoring.wiring, "implementation", cache(lambda name: "e" * 64))
    definition, _ = workflow_named("fake")
    assert "signed for other code" in authoring.other_code(definition)
    (made,) = [one for one in authoring.prepare_reviews() if one.name == "fake"]
    assert made.body["implementation"] == "e" * 64
    assert (made.author, made.state, made.version) == (None, "edited", 2)
    assert not authoring.prepare_reviews()


def test_a_notebook_becomes_a_draft_with_its_source_beside_it(world: World) -> None:
    text = 'import requests\nHYBRIDOPS = {"name": "wider", "based_on": "fake", "parameters": {"shots": {"high": 2000}}}'
    data = json.dumps({"cells": [{"cell_type": "code", "source": text}]}).encode()
    made = authoring.propose(user=world.ines, team_id=world.team.pk, filename="w.ipynb", data=data)
    assert (made.name, made.version, made.author) == ("wider", 1, world.ines)
    assert next(p for p in made.body["parameters"] if p["name"] == "shots")["high"] == 2000
    assert made.findings[0]["what"] == "requests reaches the network"
    changed = {path for path, _, _ in reading.differences(reading.replaced(made), made.body)}
    assert (
        {"name", "parameters.shots.high"}
        <= changed
        <= {"name", "author", "version", "title", "parameters.shots.high"}
    )
    assert len(made.source) == 64
    with refused(NotYours):
        authoring.propose(user=world.farah, team_id=world.team.pk, filename="w.ipynb", data=data)
    with refused(Unsigned):
        authoring.propose(
            user=world.ines,
            team_id=world.team.pk,
            filename="w.py",
            data=b'HYBRIDOPS = {"based_on": "nothing"}',
        )
    with refused(BadInput, match="line 1"):
        authoring.propose(user=world.ines, team_id=world.team.pk, filename="w.py", data=b"x = 1")


def test_a_dry_run_notes_what_it_ran_and_a_later_save_makes_it_stale(
    world: World, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tryout, "dry_run", lambda body: {"passed": True, "why": body["title"]})
    authoring.start_trial(user=world.ines, draft_id=draft.pk)
    with refused(Conflict):
        authoring.start_trial(user=world.ines, draft_id=draft.pk)
    tryout.try_draft(draft.pk)
    assert drafts.missing(Draft.objects.get()) == []
    edited(world, draft, title="Third")
    assert "a dry run" in drafts.missing(Draft.objects.get())[0]


@only_long  # tests/e2e/test_promote.py goes the same way in a browser
def test_a_real_dry_run_goes_the_whole_way_and_touches_nothing_here(world: World) -> None:
    from hybridops.engine.builtin import document
    from hybridops.experiments.models import Run

    found = tryout.dry_run(document("routing"))
    assert (found["passed"], found["stages"]["quantum"], found["stages"]["score"]) == (True, "done", "done")
    assert not Run.objects.exists()
    broken = tryout.dry_run({**document("routing"), "acceptance": {"against": "nobody"}})
    assert not broken["passed"]
    assert "acceptance" in broken["why"]


def test_the_other_documents_take_the_same_way(world: World) -> None:
    made = authoring.from_force(user=world.priya, team_id=world.team.pk, kind="policy", name="standard")
    with refused((NotYours, BadInput)):
        authoring.from_force(user=world.ines, team_id=world.team.pk, kind="policy", name="standard")
    saved = edited(world, made, user=world.priya, rules=[])
    assert drafts.missing(saved) == []
    drafts.ask_review(user=world.priya, draft_id=saved.pk)
    with refused(Refused):
        reviewed(world, saved, user=world.priya)
    reviewed(world, saved)
    assert verified(in_force("policy", "standard"))["rules"] == []


def test_deprecated_runs_until_its_day_and_retired_names_its_successor(world: World, draft: Draft) -> None:
    drafts.ask_review(user=world.ines, draft_id=draft.pk)
    new = reviewed(world, draft).document
    assert new is not None
    old = SignedDocument.objects.get(kind="workflow", name="fake", version=1)
    who = review.actor(world.mikkel)
    tomorrow = clock.now().date() + timedelta(days=1)
    lifecycle.deprecate(document_id=old.pk, until=tomorrow, why="a better one", actor=who)
    old.refresh_from_db()
    assert verified(old)
    with clock.at(clock.now() + timedelta(days=3)), refused(Unsigned, match="ended on"):
        verified(old)
    lifecycle.retire(document_id=old.pk, why="done", actor=who, successor_id=new.pk)
    old.refresh_from_db()
    with refused(Unsigned, match="Use version 2 of fake"):
        verified(old)
    for again in (
        lambda: lifecycle.retire(document_id=old.pk, why="x", actor=who),
        lambda: lifecycle.deprecate(document_id=old.pk, until=tomorrow, why="x", actor=who),
    ):
        with refused(Conflict):
            again()


def test_what_everything_stands_on_is_not_retired(world: World) -> None:
    """H7: taking the policy away would leave less than it guards; so nobody can."""
    who = review.actor(world.mikkel)
    with refused(Refused, match="only policy in force"):
        lifecycle.retire(document_id=in_force("policy", "standard").pk, why="x", actor=who)
    with refused(BadInput):
        lifecycle.retire(document_id=in_force("workflow", "fake").pk, why=" ", actor=who)
    with refused(BadInput):
        lifecycle.deprecate(
            document_id=in_force("workflow", "fake").pk,
            until=clock.now().date() - timedelta(days=1),
            why="x",
            actor=who,
        )


def test_a_review_is_never_changed(world: World, draft: Draft) -> None:
    drafts.ask_review(user=world.ines, draft_id=draft.pk)
    reviewed(world, draft)
    with refused(Exception, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE definitions_review SET verdict = 'reject'")


def test_differences_follow_names_not_places() -> None:
    before = {"a": 1, "stages": [{"key": "x", "n": 1}, {"key": "y", "n": 2}], "tags": ["p"]}
    after = {"a": 1, "stages": [{"key": "y", "n": 3}, {"key": "x", "n": 1}], "tags": ["p", "q"], "new": True}
    assert reading.differences(before, after) == [
        ("new", "not set", "yes"),
        ("stages.y.n", "2", "3"),
        ("tags", "p", "p, q"),
    ]


def test_another_team_sees_no_draft(world: World, draft: Draft) -> None:
    assert reading.draft_for(world.mikkel, draft.pk) == draft
    for name in ("zoe", "omar", "aud"):
        with refused(NotYours):
            reading.draft_for(getattr(world, name), draft.pk)


def test_a_name_that_was_signed_meanwhile_is_started_from_again(world: World, draft: Draft) -> None:
    publish({**verified(in_force("workflow", "fake")), "version": 2, "title": "Somebody else's"}, "workflow")
    assert "signed by now" in drafts.missing(draft)[0]
