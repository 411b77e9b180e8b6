"""The decision page: what is read is what is decided on, and nobody decides on their own work."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.html import strip_tags

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.domain import clock
from hybridops.domain.states import RequestState
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services
from hybridops.experiments.models import Run
from hybridops.teams.models import User
from hybridops.web import fmt
from hybridops.web.answers import changes
from hybridops.web.answers.decision import answer
from tests.presence import code_of, here
from tests.world import World, submit


def ask(world: World, **changed: Any) -> ApprovalRequest:
    run = submit(world, **changed)
    drive(run.pk)
    return ApprovalRequest.objects.get(subject=f"run:{run.pk}")


def get(user: User, request: ApprovalRequest) -> HttpResponse:
    client = Client()
    client.force_login(user)
    return client.get(f"/approvals/{request.pk}/")  # type: ignore[return-value]


def post(user: User, request: ApprovalRequest, **sent: Any) -> HttpResponse:
    client = Client()
    client.force_login(user)
    told = {"digest_shown": request.digest, "code": code_of(user), **sent}
    return client.post(f"/approvals/{request.pk}/decide/", told)  # type: ignore[return-value]


def use(world: World, request: ApprovalRequest) -> Run:
    """Approves and runs to the end."""
    services.decide(
        user=world.mikkel,
        presence=here(),
        request_id=request.pk,
        verdict="approve",
        digest_shown=request.digest,
    )
    for _ in range(12):
        drive(request.envelope["run"])
        ask_providers(request.envelope["run"])
    return Run.objects.get(pk=request.envelope["run"])


def test_a_reviewer_reads_everything_before_deciding(world: World) -> None:
    html = get(world.mikkel, ask(world)).content.decode()
    for part in (
        "wants to spend <b>up to $3.90</b> on aster",
        "compared with the signed defaults",
        "Why a person decides",
        "What it will cost",
        "What exactly will run",
        "$1.30",
        "Ines says",
        "shorter walks",
        "free,",
    ):
        assert part in html, part
    assert "checked" not in html.split('role="radiogroup"')[1].split("</form>")[0]
    for outcome in ("d-approve", "d-limits", "d-changes", "d-reject"):
        assert f'id="{outcome}"' in html


def test_approving_goes_on_to_the_next_that_waits(world: World) -> None:
    first, second = ask(world), ask(world)
    answer = post(world.mikkel, first, verdict="approve")
    assert answer.status_code == 302
    assert answer["Location"] == f"/approvals/{second.pk}/"
    assert post(world.mikkel, second, verdict="approve")["Location"] == "/approvals/"
    assert ApprovalRequest.objects.filter(state=RequestState.APPROVED).count() == 2
    assert "Mikkel approved this" in strip_tags(get(world.ada, first).content.decode())


def test_limits_lower_what_was_asked(world: World) -> None:
    request = ask(world)
    ends = clock.now() + timedelta(hours=2)
    sent = {"shots_max": "2 00", "cost_usd_max": "$2.50", "not_after": ends.strftime("%Y-%m-%dT%H:%M")}
    answer = post(world.mikkel, request, verdict="narrow", reason="enough", **sent)
    assert answer.status_code == 302
    request.refresh_from_db()
    assert (request.envelope["shots_max"], request.envelope["cost_usd_max"]) == (200, "2.50")
    assert request.revision == 2


WRONG: list[tuple[dict[str, str], str]] = [
    ({}, "Choose one of the four."),
    ({"verdict": "maybe"}, "Choose one of the four."),
    ({"verdict": "reject"}, "Give a reason"),
    ({"verdict": "changes", "reason": "  "}, "Give a reason"),
    ({"verdict": "narrow", "reason": "r"}, "No limit is tighter"),
    ({"verdict": "narrow", "reason": "r", "cost_usd_max": "90"}, "may only be lowered"),
    ({"verdict": "narrow", "reason": "r", "shots_max": "many"}, "whole number"),
    ({"verdict": "narrow", "reason": "r", "not_after": "2020-01-01T00:00"}, "still ahead"),
]


def test_what_is_wrong_is_said_and_every_value_is_kept(world: World) -> None:
    request = ask(world)
    for sent, said in WRONG:
        answer = post(world.mikkel, request, **sent)
        assert answer.status_code == 422
        html = answer.content.decode()
        assert said in html
        for value in sent.values():
            assert value in html or value in ("  ", "maybe")
    assert not Decision.objects.filter(person__isnull=False).exists()


def test_nobody_decides_on_their_own_request(world: World) -> None:
    request = ask(world, user=world.ines)
    html = get(world.ines, request).content.decode()
    assert "You asked for this run, so somebody else decides. Ada, Farah, Mikkel and Noor can." in html
    assert 'name="verdict"' not in html
    assert post(world.ines, request, verdict="approve").status_code == 404
    assert ApprovalRequest.objects.get(pk=request.pk).state == RequestState.PENDING


def test_a_changed_request_is_read_again(world: World) -> None:
    request = ask(world)
    answer = post(world.mikkel, request, verdict="approve", digest_shown="0" * 64)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "The request changed while you read it." in html
    assert f'value="{request.digest}"' in html


def test_what_somebody_else_decided_is_a_normal_page(world: World) -> None:
    request = ask(world)
    post(world.ada, request, verdict="reject", reason="too many shots")
    answer = post(world.mikkel, request, verdict="approve")
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "Your decision was not recorded." in html
    assert "Ada rejected this" in html
    assert 'name="verdict"' not in html


def test_a_lapsed_request_is_not_approved(world: World) -> None:
    request = ask(world)
    ApprovalRequest.objects.filter(pk=request.pk).update(lapses_at=clock.now() - timedelta(minutes=1))
    answer = post(world.mikkel, request, verdict="approve")
    assert answer.status_code == 409
    assert "lapsed before your decision" in answer.content.decode()


def test_a_second_request_is_compared_with_the_first(world: World) -> None:
    first = ask(world)
    use(world, first)
    second = ask(world, parameters={"shots": 200})
    html = get(world.mikkel, second).content.decode()
    assert f"What changed since A-{first.pk}" in html
    assert "three things changed</mark>: two raise the risk" in html
    assert "100\u202f% more than was approved" in html
    assert "1 run of this version ended, 1 accepted" in html


def test_changes_say_what_they_do() -> None:
    envelope = {
        "programs": [{"backend": "aster"}], "cost_usd_max": "4", "shots_max": 100, "submissions_max": 1, "inputs": [], "bindings_max": 1,
        "template": "a", "policy": "p", "price_book": "b",
    }  # fmt: skip
    plan = {"parameters": {"layers": 2}, "workflow": "fake v1", "data": "d", "seed": 7}
    before = changes.Side(envelope, plan, "Wave 13")
    assert changes.between(before, before, {}) == ([], 15)
    asked = {**envelope, "programs": [{"backend": "kelvin"}], "shots_max": 50, "cost_usd_max": "9"}
    now = changes.Side(asked, {**plan, "parameters": {"layers": 3}, "data": "e"}, "Wave 14")
    found, _ = changes.between(before, now, {"layers": "Circuit layers"})
    assert {(row.field, row.effect) for row in found} == {
        ("Backend", "up"), ("Spend at most", "up"), ("Shots at most", "down"), ("Circuit layers", "same"), ("Data", "same"),
    }  # fmt: skip


def test_a_part_of_a_cent_is_a_little_and_not_nothing() -> None:
    envelope = {
        "programs": [{"backend": "aster"}], "cost_usd_max": "3.4101", "shots_max": 100, "submissions_max": 1, "inputs": [], "bindings_max": 1,
        "template": "a", "policy": "p", "price_book": "b",
    }  # fmt: skip
    before, now = (
        changes.Side({**envelope, "cost_usd_max": cost}, {"parameters": {}, "data": "d"}, "Wave 13")
        for cost in ("3.4101", "3.4102")
    )
    (found,), _ = changes.between(before, now, {})
    assert (found.effect, found.words) == ("up", "a little more than was approved")


def test_a_decision_of_another_day_names_the_day() -> None:
    request = SimpleNamespace(state=RequestState.EXPIRED, envelope={"cost_usd_max": "240"})
    request.ended_at = clock.now()
    assert " on " not in answer(request, [], [], "")  # type: ignore[arg-type]
    request.ended_at = clock.now() - timedelta(days=40)
    assert f" on {fmt.day(request.ended_at)}" in answer(request, [], [], "")  # type: ignore[arg-type]


@pytest.mark.parametrize("state", list(RequestState))
def test_every_state_has_an_answer(state: RequestState) -> None:
    request = SimpleNamespace(
        state=state, requester="Ines", ended_at=None,
        envelope={"cost_usd_max": "240", "programs": [{"backend": "kelvin"}]},
    )  # fmt: skip
    vote = SimpleNamespace(
        by="Mikkel", made_at=clock.now(), reason="word " * 90, verdict="reject", person_id=1
    )
    change = changes.Change("Shots", "1", "2", "up", "more")
    for votes in ([], [vote]):
        told = strip_tags(answer(request, votes, [change, change], "A-301"))  # type: ignore[arg-type]
        assert 0 < len(told.split()) <= 40
        assert "None" not in told
