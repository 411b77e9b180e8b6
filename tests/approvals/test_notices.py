"""Who hears of a request by mail, of what, and that none of it decides."""

from __future__ import annotations

import re

import pytest

from hybridops.approvals.comments import comment
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.services import close
from hybridops.domain.actors import SYSTEM
from hybridops.domain.states import RequestState
from hybridops.outbox.models import Message
from tests.approvals.asking import ask, decide
from tests.world import World


def told(kind: str) -> set[str]:
    return set(Message.objects.filter(kind=kind).values_list("to__username", flat=True))


@pytest.fixture
def request_(world: World) -> ApprovalRequest:
    return ask(world)


def test_who_may_decide_is_told_and_who_asked_is_not(world: World, request_: ApprovalRequest) -> None:
    heard = told("approval.asked")
    assert {"mikkel", "ada", "noor"} <= heard
    assert not heard & {"ines", "omar", "aud", "zoe"}
    message = Message.objects.filter(kind="approval.asked").first()
    assert message is not None
    assert message.path == f"/approvals/{request_.pk}/"
    assert re.search(r"Ines asks for up to \$[0-9]+\.[0-9]{2}\. ", message.text), "whole cents, rounded up"


@pytest.mark.parametrize(
    ("verdict", "word"), [("approve", "approved"), ("reject", "rejected"), ("changes", "changes requested")]
)
def test_who_asked_hears_the_answer_once(
    world: World, request_: ApprovalRequest, verdict: str, word: str
) -> None:
    decide(world.mikkel, request_, verdict=verdict, reason="because")
    message = Message.objects.get(kind="approval.decided")
    assert message.to == world.ines
    assert word in message.subject
    assert "because" not in message.text  # the reason stands on the page, where access is checked


def test_silence_is_told_as_an_answer_too(world: World, request_: ApprovalRequest) -> None:
    close(request_id=request_.pk, target=RequestState.EXPIRED, why="nobody decided in time", actor=SYSTEM)
    assert "expired" in Message.objects.get(kind="approval.decided").subject


def test_a_comment_is_heard_by_who_asked_and_who_wrote_before(
    world: World, request_: ApprovalRequest
) -> None:
    comment(user=world.mikkel, request_id=request_.pk, text="why so many shots?")
    assert told("approval.comment") == {"ines"}
    comment(user=world.ines, request_id=request_.pk, text="the last run was noisy")
    assert told("approval.comment") == {"ines", "mikkel"}
    assert not Message.objects.filter(text__contains="shots").exists()
