"""Beside the decision: claims, comments, delegations, freezes, emergencies, the passkey's question."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hybridops.approvals.models import ApprovalRequest, BreakGlass, Decision, Delegation, Freeze
from hybridops.domain import clock
from hybridops.engine.inline import drive
from hybridops.experiments.models import Run
from hybridops.teams.models import User
from tests.approvals.asking import ask, decide, rules
from tests.presence import code_of
from tests.teams.authenticator import Passkey
from tests.world import World


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(user: User, request: ApprovalRequest, **more: Any) -> Any:
    given = {"digest_shown": request.digest, "verdict": "approve", **more}
    return browser(user).post(f"/approvals/{request.pk}/decide/", given)


def test_without_a_proof_nothing_is_decided(world: World) -> None:
    request = ask(world)
    for more in ({}, {"code": "000000"}, {"assertion": json.dumps({"id": "x"})}):
        answer = sent(world.mikkel, request, **more)
        assert answer.status_code == 422
    assert not Decision.objects.exists()
    assert "you have neither" in browser(world.ada).get(f"/approvals/{request.pk}/").content.decode()


def test_a_passkey_decides_with_what_the_form_said(world: World) -> None:
    request, client, key = ask(world), browser(world.mikkel), Passkey(world.mikkel)
    form = {"digest_shown": request.digest, "verdict": "narrow", "shots_max": "60", "reason": "enough"}
    page = client.get(f"/approvals/{request.pk}/").content.decode()
    assert f'data-passkey-challenge-url="/approvals/{request.pk}/passkey/"' in page
    asked = client.post(f"/approvals/{request.pk}/passkey/", form).json()
    assertion = json.dumps(key.answer(asked))
    other = client.post(
        f"/approvals/{request.pk}/decide/", {**form, "shots_max": "90", "assertion": assertion}
    )
    assert other.status_code == 422
    assert (
        client.post(f"/approvals/{request.pk}/decide/", {**form, "assertion": assertion}).status_code == 302
    )
    vote = Decision.objects.get()
    assert (vote.presence, vote.verdict, ApprovalRequest.objects.get().envelope["shots_max"]) == (
        "passkey",
        "narrow",
        60,
    )


def test_a_passkey_is_asked_for_nothing_that_cannot_be_decided(world: World) -> None:
    request, client = ask(world), browser(world.mikkel)
    Passkey(world.mikkel)
    told = client.post(f"/approvals/{request.pk}/passkey/", {"digest_shown": request.digest})
    assert (told.status_code, told.json()["problem"]) == (422, "Choose one of the four.")
    assert browser(world.zoe).post(f"/approvals/{request.pk}/passkey/", {}).status_code == 404


CROSSED: list[dict[str, Any]] = [{"verdict": "approve"}, {"verdict": "reject", "reason": "no"}]


@pytest.mark.parametrize("said", CROSSED, ids=["approve", "reject"])
def test_two_open_tabs_do_not_cross(world: World, said: dict[str, Any]) -> None:
    first, second = ask(world), ask(world, parameters={"shots": 200})
    answer = sent(world.mikkel, first, **said, digest_shown=second.digest, code=code_of(world.mikkel))
    assert answer.status_code == 409
    assert not Decision.objects.exists()


MALFORMED: list[dict[str, Any]] = [
    {"verdict": ""}, {"verdict": "true"}, {"verdict": "APPROVE"}, {"verdict": "approve,reject"}, {"verdict": "break glass"},
    {"verdict": ["reject", "approve?"]}, {"verdict": "approve\x00"}, {"verdict": "1"},
]  # fmt: skip


@pytest.mark.parametrize("said", MALFORMED, ids=[repr(one["verdict"]) for one in MALFORMED])
def test_a_malformed_answer_is_none(world: World, said: dict[str, Any]) -> None:
    request = ask(world)
    answer = sent(world.mikkel, request, **{"reason": "r", "code": code_of(world.mikkel), **said})
    assert answer.status_code == 422
    assert not Decision.objects.exists()


def test_a_stale_page_says_what_changed(world: World) -> None:
    rules(reviewers=2)
    request = ask(world)
    decide(world.ada, request, "narrow", limits={"shots_max": 60})
    answer = sent(world.mikkel, request, code=code_of(world.mikkel))
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Changed: shots at most 300 → 60." in html
    assert Decision.objects.count() == 1


def test_a_claim_is_seen_and_given_back(world: World) -> None:
    request = ask(world)
    url = f"/approvals/{request.pk}/"
    browser(world.ada).post(f"{url}claim/")
    assert "Ada is deciding on this until" in browser(world.mikkel).get(url).content.decode()
    assert "Ada is deciding on it." in browser(world.mikkel).get("/approvals/").content.decode()
    assert browser(world.mikkel).post(f"{url}claim/").status_code == 422
    browser(world.ada).post(f"{url}release/")
    assert "I take it, for 15 minutes" in browser(world.mikkel).get(url).content.decode()
    assert browser(world.ines).post(f"{url}claim/").status_code == 404


def test_who_else_reads_it_is_named(world: World) -> None:
    request = ask(world)
    url = f"/approvals/{request.pk}/"
    browser(world.ada).get(url)
    assert "Ada reads it too." in browser(world.mikkel).get(url).content.decode()


NASTY = "<script>alert(1)</script>"


def test_what_people_write_is_shown_as_written(world: World) -> None:
    request = ask(world, title=NASTY, business_outcome=NASTY)
    browser(world.ines).post(f"/approvals/{request.pk}/comment/", {"text": NASTY})
    decide(world.mikkel, request, "reject", reason=NASTY)
    for url in (f"/approvals/{request.pk}/", "/approvals/", "/", f"/runs/{request.envelope['run']}/"):
        html = browser(world.ines).get(url).content.decode()
        assert NASTY not in html
    html = browser(world.ada).get(f"/approvals/{request.pk}/").content.decode()
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert browser(world.zoe).post(f"/approvals/{request.pk}/comment/", {"text": "hi"}).status_code == 404
    assert browser(world.ines).post(f"/approvals/{request.pk}/comment/", {"text": " "}).status_code == 422


def span(team: int, **more: str) -> dict[str, str]:
    now = clock.now()
    return {
        f"team{team}-starts_at": now.strftime("%Y-%m-%dT%H:%M"),
        f"team{team}-ends_at": (now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"),
        f"team{team}-why": "on holiday", **{f"team{team}-{name}": value for name, value in more.items()},
    }  # fmt: skip


def test_a_delegation_is_given_used_and_taken_back(world: World) -> None:
    team = world.team.pk
    sent_to = f"/approvals/away/{team}/delegate/"
    assert browser(world.mikkel).post(sent_to, span(team, taker=str(world.ada.pk))).status_code == 302
    row = Delegation.objects.get()
    request = ask(world)
    page = browser(world.ada).get(f"/approvals/{request.pk}/").content.decode()
    assert f'<option value="{world.mikkel.pk}">For Mikkel</option>' in page
    assert "Ada for Mikkel" in browser(world.ada).get("/approvals/away/").content.decode()
    assert (
        sent(world.ada, request, on_behalf=str(world.mikkel.pk), code=code_of(world.ada)).status_code == 302
    )
    assert Decision.objects.get().by == "Ada for Mikkel"
    assert browser(world.ada).post(f"/approvals/away/{row.pk}/revoke/").status_code == 404
    assert browser(world.mikkel).post(f"/approvals/away/{row.pk}/revoke/").status_code == 302
    assert Delegation.objects.get().revoked_at is not None


def test_who_may_not_delegate_or_freeze(world: World) -> None:
    team = world.team.pk
    for name in ("ines", "omar", "zoe"):
        answer = browser(world.people[name]).post(
            f"/approvals/away/{team}/delegate/", span(team, taker=str(world.ada.pk))
        )
        assert answer.status_code == 404
    for name in ("ines", "mikkel", "zoe"):
        assert (
            browser(world.people[name]).post(f"/approvals/away/{team}/freeze/", span(team)).status_code == 404
        )
    wrong = span(team, taker=str(world.ines.pk))
    assert browser(world.mikkel).post(f"/approvals/away/{team}/delegate/", wrong).status_code == 422
    assert (Delegation.objects.count(), Freeze.objects.count()) == (0, 0)


def test_a_freeze_is_set_said_and_lifted(world: World) -> None:
    team, request = world.team.pk, ask(world)
    answer = browser(world.omar).post(
        f"/approvals/away/{team}/freeze/", span(team, approvers=str(world.noor.pk))
    )
    assert answer.status_code == 302
    assert (
        "Only Noor can approve until"
        in browser(world.mikkel).get(f"/approvals/{request.pk}/").content.decode()
    )
    assert sent(world.mikkel, request, code=code_of(world.mikkel)).status_code == 422
    row = Freeze.objects.get()
    assert browser(world.mikkel).post(f"/approvals/away/{row.pk}/lift/").status_code == 404
    browser(world.omar).post(f"/approvals/away/{row.pk}/lift/")
    assert sent(world.mikkel, request, code=code_of(world.mikkel)).status_code == 302


def test_an_emergency_from_its_page_to_the_look_at_it(world: World) -> None:
    request = ask(world)
    url = f"/approvals/{request.pk}/break-glass/"
    assert url in browser(world.omar).get(f"/approvals/{request.pk}/").content.decode()
    page = browser(world.omar).get(url).content.decode()
    assert "2 reviewers look at it within 1 d" in page.replace("\u202f", " ").replace("\u2009", " ").replace(
        "\xa0", " "
    )
    for user in (world.mikkel, world.ines, world.zoe):
        assert browser(user).get(url).status_code == browser(user).post(url).status_code == 404
    given = {"digest_shown": request.digest, "ticket": "INC-7", "reason": "stuck"}
    assert browser(world.omar).post(url, given).status_code == 422
    assert browser(world.omar).post(url, {**given, "code": code_of(world.omar)}).status_code == 302
    assert "One emergency approval waits to be looked at." in browser(world.ada).get("/").content.decode()
    assert "Emergencies to look at" in browser(world.ada).get("/approvals/").content.decode()
    for user in (world.ada, world.noor):
        found = {"in_order": "yes", "text": "needed", "code": code_of(user)}
        assert browser(user).post(f"{url}review/", found).status_code == 302
    assert browser(world.ines).post(f"{url}review/", {"in_order": "yes", "text": "x"}).status_code == 404
    assert BreakGlass.objects.get().reviewed_at is not None


def test_a_passkey_opens_the_emergency_door_and_looks_at_it(world: World) -> None:
    request = ask(world)
    url = f"/approvals/{request.pk}/break-glass/"
    given = {"digest_shown": request.digest, "ticket": " INC-7 ", "reason": "stuck "}
    key, client = Passkey(world.omar), browser(world.omar)
    asked = client.post(f"{url}passkey/", given).json()
    assert client.post(url, {**given, "assertion": json.dumps(key.answer(asked))}).status_code == 302
    drive(request.envelope["run"])
    assert Run.objects.get().submissions.count() == 1
    key, client, found = Passkey(world.ada), browser(world.ada), {"in_order": "no", "text": "not needed"}
    asked = client.post(f"{url}passkey/", found).json()
    assert (
        client.post(f"{url}review/", {**found, "assertion": json.dumps(key.answer(asked))}).status_code == 302
    )


def test_who_waits_late_for_a_look_reads_it_on_today(world: World) -> None:
    request = ask(world)
    given = {
        "digest_shown": request.digest,
        "ticket": "INC-7",
        "reason": "stuck",
        "code": code_of(world.omar),
    }
    browser(world.omar).post(f"/approvals/{request.pk}/break-glass/", given)
    assert "Not looked at" not in browser(world.omar).get("/").content.decode()
    BreakGlass.objects.update(review_due_at=clock.now() - timedelta(minutes=1))
    html = browser(world.omar).get("/").content.decode()
    assert "Not looked at" in html
    assert "your emergency door stays shut" in html


def test_requests_are_found_by_words_number_and_tier(world: World) -> None:
    first, second = ask(world, title="Cathode screen"), ask(world, user=world.tomas)
    client = browser(world.mikkel)
    for query, found in (
        ("q=cathode", {first.pk}), ("q=Tomas", {second.pk}), (f"q=A-{second.pk}", {second.pk}), ("q=nothing+of+it", set()),
        ("tier=people+decide", {first.pk, second.pk}), ("tier=high+risk", set()), ("", {first.pk, second.pk}),
    ):  # fmt: skip
        shown = client.get(f"/approvals/?{query}").context["waiting"]
        assert {one.pk for one in shown} == found, query
