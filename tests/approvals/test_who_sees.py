"""A request is visible to its team only, and every count is of the list it stands over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from hybridops.approvals import queries
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import NotYours
from hybridops.experiments import services
from hybridops.teams import services as teams
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Role
from tests.approvals.asking import ask, decide
from tests.presence import here
from tests.world import World


def shown(user: User) -> tuple[int, int, int]:
    """What the rail, the page and the query say is waiting for a person."""
    client = Client()
    client.force_login(user)
    page = client.get("/approvals/")
    items = [item for group in page.context["nav"] for item in group["items"] if item.url == "/approvals/"]
    return items[0].count, len(page.context["waiting_rows"]), queries.waiting_for(user).count()


def test_the_badge_the_list_and_the_query_agree(world: World) -> None:
    teams.join(user=world.tomas, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
    requests = [ask(world), ask(world), ask(world, user=world.tomas)]
    decide(world.mikkel, requests[0], "reject")
    expected = {"mikkel": 2, "farah": 2, "tomas": 1, "ines": 0, "zoe": 0}
    assert {name: shown(world.people[name]) for name in expected} == {
        name: (count, count, count) for name, count in expected.items()
    }


def test_what_one_had_a_hand_in_does_not_wait_for_one(world: World) -> None:
    """The requester, and as well who added the data or wrote the workflow, and what is no person."""
    teams.join(user=world.ines, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
    User.objects.filter(pk=world.ada.pk).update(kind=User.SERVICE)
    request = ask(world, user=world.tomas)  # with the data of Ines
    ada = User.objects.get(pk=world.ada.pk)
    for user in (world.ines, ada):
        assert shown(user) == (0, 0, 0)
        assert not queries.may_decide(user, request)
        assert list(queries.waiting_for_others(user)) == [request]
    assert shown(world.noor) == (1, 1, 1)


def test_a_voted_revision_waits_no_more_and_a_narrowed_one_does_again(world: World) -> None:
    from tests.approvals.asking import rules

    rules(reviewers=2)
    request = ask(world)
    decide(world.mikkel, request)
    assert shown(world.mikkel) == (0, 0, 0)
    decide(world.ada, request, "narrow", limits={"shots_max": 20})
    assert shown(world.mikkel) == (1, 1, 1)
    assert shown(world.ada) == (0, 0, 0)


def test_nobody_of_another_team_sees_a_request(world: World) -> None:
    request = ask(world)
    done = ask(world)
    decide(world.mikkel, done)
    teams.join(user=world.zoe, team=Team.objects.get(slug="other"), role=Role.REVIEWER, actor=SYSTEM)
    since = clock.now() - timedelta(days=1)

    def seen(user: User) -> list[int]:
        return [
            queries.requests_for(user).count(),
            queries.waiting_for(user).count(),
            queries.waiting_for_others(user).count(),
            queries.decided_since(user, since).count(),
        ]

    assert seen(world.zoe) == [0, 0, 0, 0]
    assert seen(world.aud) == [2, 0, 1, 1]
    for pk in (request.pk, 987654):
        with pytest.raises(NotYours) as refusal:
            queries.request_for(world.zoe, pk)
        assert str(refusal.value) == "There is nothing here for you."
        with pytest.raises(NotYours), transaction.atomic():
            services.decide(
                user=world.zoe, presence=here(), request_id=pk, verdict="approve", digest_shown=request.digest
            )
    User.objects.filter(pk=world.aud.pk).update(is_active=False)
    assert seen(User.objects.get(pk=world.aud.pk)) == [0, 0, 0, 0]
