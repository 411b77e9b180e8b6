"""Nobody decides on their own work, by no way round; everybody else's no leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.approvals.queries import deciders, may_decide
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import NotYours, Refused
from hybridops.experiments import services, snapshots
from hybridops.experiments.models import DataSnapshot
from hybridops.teams import services as teams
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from tests.approvals.asking import ask, decide, rules, state, told, votes
from tests.world import FAKE, World, publish, submit


def reviewer(world: World, name: str) -> User:
    """This person becomes a reviewer as well: the role is never what the rule about own work rests on."""
    user = world.people[name]
    teams.join(user=user, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
    return user


def the_requester(world: World) -> tuple[User, ApprovalRequest]:
    tomas = reviewer(world, "tomas")
    return tomas, ask(world, user=tomas)


def who_added_the_data(world: World) -> tuple[User, ApprovalRequest]:
    return reviewer(world, "ines"), ask(world, user=world.tomas)


def who_wrote_the_workflow(world: World) -> tuple[User, ApprovalRequest]:
    from hybridops.definitions import services as definitions
    from hybridops.engine import wiring

    body = {**FAKE, "version": 2, "implementation": wiring.implementation("fake")}
    definitions.publish(
        kind="workflow", name="fake", version=2, document=body, actor=SYSTEM,
        author_id=world.mikkel.pk, approver_id=world.ada.pk,
    )  # fmt: skip
    return world.mikkel, ask(world)


def the_requester_of_a_replay_of_it(world: World) -> tuple[User, ApprovalRequest]:
    """Ines asks once and is refused by nobody; Tomas asks the same again. Her data is in both."""
    first = ask(world)
    services.cancel(user=world.ines, run_id=first.envelope["run"])
    return reviewer(world, "ines"), ask(world, user=world.tomas)


def a_service(world: World) -> tuple[User, ApprovalRequest]:
    User.objects.filter(pk=world.ada.pk).update(kind=User.SERVICE)
    return User.objects.get(pk=world.ada.pk), ask(world)


def an_agent(world: World) -> tuple[User, ApprovalRequest]:
    User.objects.filter(pk=world.ada.pk).update(kind=User.AGENT)
    return User.objects.get(pk=world.ada.pk), ask(world)


def somebody_deactivated(world: World) -> tuple[User, ApprovalRequest]:
    User.objects.filter(pk=world.ada.pk).update(is_active=False)
    return User.objects.get(pk=world.ada.pk), ask(world)


def a_reviewer_who_left(world: World) -> tuple[User, ApprovalRequest]:
    request = ask(world)
    teams.leave(user=world.ada, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
    return User.objects.get(pk=world.ada.pk), request


def an_operator(world: World) -> tuple[User, ApprovalRequest]:
    return world.omar, ask(world)


def a_reviewer_of_another_team(world: World) -> tuple[User, ApprovalRequest]:
    other = world.zoe.memberships.get().team
    teams.join(user=world.zoe, team=other, role=Role.REVIEWER, actor=SYSTEM)
    return world.zoe, ask(world)


REFUSED = {Refused, NotYours}
CASES: list[tuple[Callable[[World], tuple[User, ApprovalRequest]], type[Exception]]] = [
    (the_requester, Refused),
    (who_added_the_data, Refused),
    (who_wrote_the_workflow, Refused),
    (the_requester_of_a_replay_of_it, Refused),
    (a_service, NotYours),
    (an_agent, NotYours),
    (somebody_deactivated, NotYours),
    (a_reviewer_who_left, NotYours),
    (an_operator, NotYours),
    (a_reviewer_of_another_team, NotYours),
]


@pytest.mark.parametrize(("case", "error"), CASES, ids=[case.__name__ for case, _ in CASES])
def test_who_may_not_decide(
    world: World, case: Callable[[World], tuple[User, ApprovalRequest]], error: type[Exception]
) -> None:
    user, request = case(world)
    before = told(request)
    for verdict in ("approve", "narrow", "changes", "reject"):
        with pytest.raises(error) as refusal:
            decide(user, request, verdict, limits={"shots_max": 20} if verdict == "narrow" else None)
        assert refusal.type is error
    assert not may_decide(user, request)
    assert str(user) not in deciders(request)
    assert (state(request), votes(request), told(request)) == ("pending", [], before)
    decide(world.noor, request)
    assert state(request) == "approved"


def test_a_second_person_may(world: World) -> None:
    """The same setups as above without their twist: what is refused there is refused for its reason."""
    request = ask(world)
    assert may_decide(world.ada, request)
    assert deciders(request) == ["Ada", "Farah", "Mikkel", "Noor"]
    decide(world.ada, request)
    assert (state(request), votes(request)) == ("approved", [("Ada", "approve", 1)])
    assert told(request) == ["asked", "voted", "approved"]


def test_the_same_bytes_uploaded_again_keep_their_first_adder(world: World) -> None:
    """Nobody becomes free to decide by adding a colleague's file, nor by having a colleague add theirs."""
    again = snapshots.add_snapshot(
        user=world.tomas, project_id=world.project.pk, name="mine now", filename="x.csv", workflow="fake",
        digest=world.snapshot.digest, summary={},
    )  # fmt: skip
    assert again == world.snapshot
    assert DataSnapshot.objects.get().added_by == world.ines


def test_one_person_with_two_roles_fills_one_slot(world: World) -> None:
    rules(finance_above="1.00")
    teams.join(user=world.ada, team=world.team, role=Role.FINANCE, actor=SYSTEM)
    request = ask(world)
    decide(world.ada, request)
    assert state(request) == "pending"
    with pytest.raises(Refused, match="already"):
        decide(world.ada, request)
    decide(world.mikkel, request)
    assert state(request) == "approved"


def test_a_service_s_run_always_meets_a_person(world: World) -> None:
    rules(passes_up_to="1000")
    User.objects.filter(pk=world.ines.pk).update(kind=User.SERVICE)
    request = ask(world, user=User.objects.get(pk=world.ines.pk))
    assert state(request) == "pending"
    assert not Decision.objects.exists()
    publish({**FAKE, "version": 2}, "workflow")
    assert submit(world).pk
