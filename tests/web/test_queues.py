"""The page of queues: who waits and why in words, what each may see of it, and caps with their refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from hybridops.audit.models import AuditEvent
from hybridops.backends.models import Cap
from hybridops.engine.inline import ask_providers
from hybridops.experiments.models import Turn
from hybridops.teams.models import User
from hybridops.web import fmt
from tests.engine.turning import approved, cap, stage_of
from tests.world import World

GOOD = {
    "provider": "scripted",
    "backend": "aster",
    "at_once": "1",
    "per_minute": "",
    "seen": "0",
    "why": "agreed",
}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(user: User) -> str:
    answer = browser(user).get("/queues/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_line_says_what_would_stand_there(world: World) -> None:
    page = text(world.omar)
    assert "Nobody waits." in page
    assert "No cap is set, so everything is sent at once." in page
    assert "All of scripted" in page and "no cap" in page
    assert "Nothing was sent lately." in page


def test_who_waits_stands_there_with_the_reason_and_until_when(world: World) -> None:
    cap(1)
    approved(world)
    second, third = approved(world), approved(world, priority_class="research")
    page = text(world.omar)
    assert "Two runs wait for a turn." in page
    assert page.count("For aster: aster is full, at most 1 at once.") == 2
    assert "1 of its team goes before it." in page
    assert "When a place is free; its time is over at" in page
    assert f"R-{second.pk}, Routing, validation" in page and f"R-{third.pk}, Routing, research" in page
    assert "1 there or on the way, 2 waiting, at most 1 at once" in page
    assert fmt.percent(1.0) in page  # all that was used lately is this team's
    assert "$1.30" not in page  # who operates does not see costs


def test_a_rate_says_the_moment(world: World) -> None:
    cap(None, per_minute=1)
    approved(world)
    approved(world)
    page = text(world.omar)
    assert "aster takes at most 1 a minute" in page
    assert "Not before" in page


def test_a_turn_on_its_way_is_no_wait(world: World) -> None:
    cap(1)
    first, second = approved(world), approved(world)
    ask_providers(first.pk)
    ask_providers(first.pk)
    assert stage_of(second).why.startswith("its turn at aster")
    page = text(world.omar)
    assert "One turn is given and not used yet." in page
    assert "its turn at aster is given" in page


def test_another_team_s_run_has_no_name_there(world: World) -> None:
    from hybridops.domain.actors import SYSTEM
    from hybridops.teams.permissions import Role
    from hybridops.teams.services import join

    cap(0)
    run = approved(world)
    stranger = User.objects.create(username="sam", name="Sam", email="sam@example.org")
    join(user=stranger, team=world.zoe.memberships.get().team, role=Role.OPERATOR, actor=SYSTEM)
    page = text(stranger)
    assert "A run of another team" in page
    assert "Wave 14" not in page and f"R-{run.pk}" not in page and "Routing" not in page


def test_a_cap_is_set_with_a_reason_and_leaves_an_event(world: World) -> None:
    answer = browser(world.omar).post("/queues/cap/", GOOD, follow=True)
    assert "aster: at most 1 at once." in answer.content.decode()
    row = Cap.objects.get()
    assert (row.backend, row.at_once, row.per_minute, row.version) == ("aster", 1, None, 1)
    event = AuditEvent.objects.get(stream="queues")
    assert event.action == "cap.changed" and "agreed" not in event.body  # the reason stands beside the log
    approved(world)
    waiting = approved(world)
    raised = {**GOOD, "at_once": "", "per_minute": "30", "seen": "1"}
    assert browser(world.omar).post("/queues/cap/", raised).status_code == 302
    assert stage_of(waiting).why.startswith("its turn at aster")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"at_once": "-1"}, "greater than or equal to 0"),
        ({"at_once": "many"}, "Enter a whole number"),
        ({"per_minute": "0"}, "greater than or equal to 1"),
        ({"why": " "}, "This field is required"),
        ({"backend": "nowhere"}, ""),
        ({"seen": ""}, ""),
    ],
)
def test_what_cannot_be_is_refused_and_kept_in_the_form(
    world: World, told: dict[str, Any], says: str
) -> None:
    answer = browser(world.omar).post("/queues/cap/", {**GOOD, **told})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Cap.objects.exists()


def test_a_cap_that_somebody_changed_meanwhile_is_shown_instead(world: World) -> None:
    cap(3)
    answer = browser(world.omar).post("/queues/cap/", GOOD)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed this cap meanwhile. Read it again. It is: at most 3 at once." in page
    assert 'name="seen" value="1"' in page
    assert browser(world.omar).post("/queues/cap/", {**GOOD, "seen": "1"}).status_code == 302


def test_only_who_operates_changes_a_cap_and_with_a_token(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (world.ines, world.mikkel, world.farah, world.aud, world.zoe):
        assert browser(user).get("/queues/").status_code == 403
        assert browser(user).post("/queues/cap/", GOOD).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.omar)
    assert strict.post("/queues/cap/", GOOD).status_code == 403
    monkeypatch.setattr(settings, "SECOND_FACTOR_REQUIRED", True)
    assert browser(world.omar).post("/queues/cap/", GOOD).status_code == 403
    assert not Cap.objects.exists() and not Turn.objects.exists()


def test_the_rail_leads_operators_there(world: World) -> None:
    assert 'href="/queues/"' in browser(world.omar).get("/").content.decode()
    assert 'href="/queues/"' not in browser(world.ines).get("/").content.decode()
