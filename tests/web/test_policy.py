"""The policy page says everything in words; a dry run shows what another policy would do, and writes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from hybridops.approvals.dryrun import dry_run
from hybridops.approvals.models import ApprovalRequest
from hybridops.audit.models import AuditEvent
from hybridops.definitions.models import SignedDocument
from hybridops.domain.policy import parse
from hybridops.engine.builtin import document
from hybridops.engine.inline import drive
from hybridops.teams.models import User
from hybridops.web.answers import policy as answers
from hybridops.web.pages.policy import numbers, with_numbers
from tests.approvals.asking import ask, policy_with
from tests.world import World, submit


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_everything_of_the_policy_is_said_in_words(world: World) -> None:
    html = strip_tags(browser(world.mikkel).get("/policy/").content.decode())
    row = SignedDocument.objects.get(kind="policy")
    for part in (
        "standard v2 is in force", "the policy approves by itself, but not for services, agents and generated circuits",
        "one reviewer and one person of finance above $100.00", "Each proves it with a passkey or a one-time code",
        "Nothing above $5000 is sent in one run", "The data may not go to the region", "is refused, and nobody can override it",
        "up to $50.00 with a reason and a ticket", "Sensitive data", row.digest[:8], "where a service or an agent asks", "above $1.00",
    ):  # fmt: skip
        assert part in html, part
    for factor in document("policy")["factors"]:
        assert factor.capitalize() in html


def test_who_reads_it_and_who_tries_another(world: World) -> None:
    for name in ("ines", "mikkel", "priya", "omar"):
        html = browser(world.people[name]).get("/policy/").content.decode()
        assert ("Try another policy" in html) == (name == "priya")
    assert browser(world.mikkel).post("/policy/", {"text": "{}"}).status_code == 403
    stranger = User.objects.create(username="nobody", name="Nobody")
    assert browser(stranger).get("/policy/").status_code == 403


def tried(world: World, **sent: Any) -> str:
    answer = browser(world.priya).post("/policy/", sent)
    assert answer.status_code == 200, strip_tags(answer.content.decode())[:400]
    return strip_tags(answer.content.decode())


def test_a_changed_number_shows_what_would_change(world: World) -> None:
    request = ask(world)
    before = (
        AuditEvent.objects.count(),
        SignedDocument.objects.count(),
        ApprovalRequest.objects.values().get(),
    )
    html = tried(world, **{"tiers.1.when.0.below": "500", "tiers.1.when.1.at_most": "4.00"})
    assert "1 of 1 requests would change: it would have asked people no times instead of one time" in html
    assert f"The dearest that would have passed by itself is {request}, $3.90." in html
    assert "One reviewer (people decide)" in html
    assert "Passes by itself (small and known)" in html
    assert before == (
        AuditEvent.objects.count(),
        SignedDocument.objects.count(),
        ApprovalRequest.objects.values().get(),
    )


def test_the_same_numbers_change_nothing(world: World) -> None:
    ask(world)
    assert "Nothing would change in the 1 requests of 90 days." in tried(world, text="")


@pytest.mark.parametrize("sent", ["text", "file"])
def test_a_whole_policy_may_be_pasted_or_uploaded(world: World, sent: str) -> None:
    ask(world)
    body = json.dumps(policy_with(reviewers=2))
    given = SimpleUploadedFile("policy.json", body.encode()) if sent == "file" else body
    assert "Two reviewers (people decide)" in tried(world, **{sent: given})


WRONG = ["{", "[]", '{"schema": 1}', '{"a": 1, "a": 2}', "NaN", "x" * 70_000]


@pytest.mark.parametrize("text", WRONG, ids=[text[:12] for text in WRONG])
def test_what_is_no_policy_is_said_and_kept(world: World, text: str) -> None:
    answer = browser(world.priya).post("/policy/", {"text": text})
    assert answer.status_code == 422
    assert "This is no policy" in answer.content.decode()


def test_other_teams_requests_are_not_counted(world: World) -> None:
    ask(world)
    from hybridops.domain.actors import SYSTEM
    from hybridops.teams import services as teams
    from hybridops.teams.permissions import Role

    other = world.zoe.memberships.get().team
    teams.join(user=world.zoe, team=other, role=Role.POLICY_OWNER, actor=SYSTEM)
    html = browser(world.zoe).post("/policy/", {"tiers.1.when.1.at_most": "4.00"}).content.decode()
    assert "Nothing was asked in the last 90 days" in html


def test_a_denied_run_is_in_the_dry_run_too(world: World) -> None:
    from tests.world import publish

    deny = {"name": "no", "when": [], "deny": "Not today."}
    publish({**document("policy"), "version": 3, "tiers": [deny]}, "policy")
    run = submit(world)
    drive(run.pk)
    request = ApprovalRequest.objects.get()
    assert (request.state, request.decisions.get().verdict) == ("rejected", "reject")
    run.refresh_from_db()
    found = dry_run(
        [request], now=parse({**document("policy"), "tiers": [deny]}), candidate=parse(document("policy"))
    )
    assert (found.asked_before, found.asked_after, found.denied_after, len(found.moved)) == (0, 1, 0, 1)
    assert "The policy denies this" in browser(world.mikkel).get(f"/approvals/{request.pk}/").content.decode()


@given(st.data())
def test_every_number_has_its_own_place(data: st.DataObject) -> None:
    body = document("policy")
    found = list(numbers(body))
    assert len({path for path, _, _ in found}) == len({label for _, label, _ in found}) == len(found) > 20
    path, _, value = data.draw(st.sampled_from(found))
    changed = with_numbers(body, {path: "7"})
    after = {name: now for name, _, now in numbers(changed)}
    assert after == {name: was for name, _, was in found} | {path: "7"}
    assert with_numbers(body, {path: value}) == body
    assert body == document("policy")


def test_a_demo_s_policy_says_that_it_takes_a_rehearsal() -> None:
    from hybridops.cli.rehearsal.people import _policy

    tier = parse(_policy()).tiers[-1]
    assert "A rehearsed past is accepted too, which only a demo has." in answers.tier_words(tier)
    assert "rehears" not in answers.tier_words(parse(document("policy")).tiers[-1])


def test_the_placements_of_the_last_days_are_replayed(world: World) -> None:
    """Nobody asked for a backend, so the rule chose; who manages the policy sees theirs beside it."""
    empty = browser(world.mikkel).get("/policy/").content.decode()
    assert "No backend was weighed against others" in strip_tags(empty)
    drive(submit(world, backend="").pk)
    html = strip_tags(browser(world.mikkel).get("/policy/").content.decode())
    assert "One placement of the last 30 days" in html
    assert "in force" in html
    found = tried(world, text=json.dumps(policy_with(fidelity_given_up="0.25")))
    assert "25 %" in found.replace("\u202f", " ").replace("\xa0", " ")
    assert "tried" in found
