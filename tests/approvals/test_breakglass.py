"""Break-glass: alone, under a cap, told to everybody, looked at afterwards, or never again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from hybridops.approvals import breakglass
from hybridops.approvals.models import ApprovalRequest, BreakGlass
from hybridops.audit import keyring
from hybridops.audit.models import AuditEvent
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.domain.presence import Method
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments.answers import break_glass
from hybridops.experiments.models import Run
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.trust import dsse
from hybridops.trust.canonical import read as read_json
from tests.approvals.asking import ask, policy_with, rules, state, told, unguarded
from tests.approvals.test_waiting import freeze
from tests.engine.fake import CLOUD
from tests.presence import here
from tests.world import World

DOOR = {
    "usd_max": "3.90",
    "step_up": ["one-time code"],
    "review": {"of": "reviewer", "count": 2},
    "review_hours": 24,
}


@pytest.fixture(autouse=True)
def _door(world: World) -> None:
    rules(reviewers=2, break_glass=DOOR)


def use(user: User, request: ApprovalRequest, **sent: Any) -> ApprovalRequest:
    given = {
        "reason": "the depot is stuck",
        "ticket": "INC-7",
        "presence": here(),
        "digest_shown": request.digest,
        **sent,
    }
    with transaction.atomic():
        return break_glass(user=user, request_id=request.pk, **given)


def look(user: User, request: ApprovalRequest, **sent: Any) -> None:
    given = {"in_order": True, "text": "it was needed", "presence": here(), **sent}
    with transaction.atomic():
        breakglass.review(user=user, use_id=BreakGlass.objects.get(request=request).pk, **given)


def finish(request: ApprovalRequest) -> Run:
    for _ in range(12):
        drive(request.envelope["run"])
        ask_providers(request.envelope["run"])
    return Run.objects.get(pk=request.envelope["run"])


def test_one_person_opens_it_and_everybody_is_told(world: World) -> None:
    request = ask(world)
    freeze(world)
    use(world.omar, request)
    assert state(request) == "approved"
    assert told(request) == ["asked", "voted", "approved", "notice.alarm"]
    vote = request.decisions.get()
    said, _ = dsse.verify(vote.envelope, kind="decision", trusted=keyring.trusted("decision"))
    assert said["verdict"] == "break glass"
    assert said["limits"] == {"usd_max": "3.90", "step_up": "one-time code"}
    assert set(said["personal"]) == {"reason", "ticket"} and "INC-7" not in json.dumps(said)
    alarm = read_json(AuditEvent.objects.get(action="notice.alarm").body.encode())["facts"]
    assert alarm["to"] == sorted(user.pk for user in (world.mikkel, world.ada, world.noor, world.farah))
    assert finish(request).outcome == "accepted"


NOT: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("no reason", {"reason": " "}, BadInput),
    ("no ticket", {"ticket": ""}, BadInput),
    ("signed in, no more", {"presence": here(Method.SESSION)}, Refused),
    ("another digest", {"digest_shown": "0" * 64}, Conflict),
]


@pytest.mark.parametrize(("what", "sent", "error"), NOT, ids=[case[0] for case in NOT])
def test_what_is_wrong_opens_nothing(
    world: World, what: str, sent: dict[str, Any], error: type[Exception]
) -> None:
    request = ask(world)
    with pytest.raises(error):
        use(world.omar, request, **sent)
    assert (state(request), BreakGlass.objects.count()) == ("pending", 0)


def test_an_old_proof_opens_nothing(world: World) -> None:
    with pytest.raises(Refused, match="older than five minutes"):
        use(world.omar, ask(world), presence=here(ago=301))


def test_who_may_not(world: World) -> None:
    request = ask(world)
    for name in ("mikkel", "ines", "aud", "zoe"):
        with pytest.raises(NotYours):
            use(world.people[name], request)
    teams.join(user=world.ines, team=world.team, role=Role.OPERATOR, actor=SYSTEM)
    with pytest.raises(Refused, match="somebody else decides"):
        use(world.ines, request)
    assert state(request) == "pending"


def test_the_cap_holds_and_a_policy_without_the_door_has_none(world: World) -> None:
    request = ask(world)
    rules(version=4, reviewers=2, break_glass={**DOOR, "usd_max": "3.89"})
    with pytest.raises(Refused, match=r"ends at \$3\.89"):
        use(world.omar, request)
    body = {name: value for name, value in policy_with(version=5).items() if name != "break_glass"}
    from tests.world import publish

    publish(body, "policy")
    with pytest.raises(Refused, match="no emergency door"):
        use(world.omar, request)


def who_lost_the_role(world: World, request: ApprovalRequest) -> None:
    teams.leave(user=world.omar, team=world.team, role=Role.OPERATOR, actor=SYSTEM)


def who_was_deactivated(world: World, request: ApprovalRequest) -> None:
    User.objects.filter(pk=world.omar.pk).update(is_active=False)


def under_another_name(world: World, request: ApprovalRequest) -> None:
    request.decisions.update(person=world.ada)


def as_if_it_were_an_approval(world: World, request: ApprovalRequest) -> None:
    request.decisions.update(verdict="approve")


CASES = [who_lost_the_role, who_was_deactivated, under_another_name, as_if_it_were_an_approval]


@pytest.mark.parametrize("tamper", CASES)
def test_it_is_checked_again_when_it_is_used(
    world: World, tamper: Callable[[World, ApprovalRequest], None]
) -> None:
    request = ask(world, fallback="stop")
    use(world.omar, request)
    unguarded()
    tamper(world, request)
    assert finish(request).outcome == "refused"
    assert not CLOUD.jobs


def test_a_review_that_does_not_come_shuts_the_door_until_it_comes(world: World) -> None:
    first, second = ask(world), ask(world)
    use(world.omar, first)
    with clock.at(clock.now() + timedelta(hours=25)):
        third = ask(world)
        with pytest.raises(Refused, match="was not looked at in time"):
            use(world.omar, third)
        look(world.ada, first)
        with pytest.raises(Refused, match="was not looked at in time"):
            use(world.omar, third)
        look(world.noor, first, in_order=False)
        use(world.omar, third)
    assert state(second) == "pending"


def test_distinct_people_who_had_no_part_in_it_look_at_it(world: World) -> None:
    request = ask(world)
    use(world.omar, request)
    teams.join(user=world.omar, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
    look(world.ada, request)
    for user, error in (
        (world.omar, Refused), (world.ada, Refused), (world.ines, NotYours), (world.farah, NotYours), (world.zoe, NotYours),
    ):  # fmt: skip
        with pytest.raises(error):
            look(user, request)
    with pytest.raises(BadInput):
        look(world.noor, request, text=" ")
    with pytest.raises(Refused):
        look(world.noor, request, presence=here(Method.SESSION))
    assert BreakGlass.objects.get().reviewed_at is None
    look(world.noor, request)
    made = BreakGlass.objects.get()
    assert made.reviewed_at is not None
    said, _ = dsse.verify(made.reviews.first().envelope, kind="review", trusted=keyring.trusted("decision"))
    assert (said["subject"], said["verdict"]) == (request.digest, "in order")
