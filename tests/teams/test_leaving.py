"""Out at once: pages, and who may put whom out. Sockets: tests/live/test_leaving.py. Votes: tests/approvals."""

from __future__ import annotations

import pytest
from django.test import Client

from hybridops.audit.models import AuditEvent
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, NotYours, Refused
from hybridops.teams import leaving, machines
from hybridops.teams.access import actor
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Role
from hybridops.teams.queries import managed_person
from hybridops.teams.services import join
from tests.world import World

PASSWORD = "correct horse 77x"


@pytest.fixture
def boss(world: World) -> User:
    join(user=world.noor, team=world.team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    return world.noor


def signed_in(user: User) -> Client:
    user.set_password(PASSWORD)
    user.save()
    browser = Client()
    assert browser.post("/sign-in/", {"login": user.username, "password": PASSWORD}).status_code == 302
    return browser


def test_a_deactivated_person_is_out_of_every_browser_and_cannot_come_back(world: World, boss: User) -> None:
    user = signed_in(world.ines)
    browsers = [user, Client(), Client()]
    for one in browsers[1:]:
        one.force_login(User.objects.get(pk=world.ines.pk))
        assert one.get("/").status_code == 200
    browser = Client()
    browser.force_login(boss)
    assert browser.post(f"/people/{world.ines.pk}/deactivate/", {"why": "left"}).status_code == 302
    for one in browsers:
        assert one.get("/").headers["Location"].startswith("/sign-in/")
    again = Client()
    again.post("/sign-in/", {"login": "ines", "password": PASSWORD})
    assert "_auth_user_id" not in again.session
    assert AuditEvent.objects.filter(action="person.deactivated").count() == 1


def test_coming_back_needs_a_new_sign_in(world: World, boss: User) -> None:
    browser = signed_in(world.ines)
    leaving.deactivate(user=world.ines, why="left", actor=actor(boss))
    leaving.reactivate(user=User.objects.get(pk=world.ines.pk), actor=actor(boss))
    assert browser.get("/").headers["Location"].startswith("/sign-in/")
    assert signed_in(User.objects.get(pk=world.ines.pk)).get("/").status_code == 200


def test_a_service_does_not_come_back_before_who_answers_for_it(world: World) -> None:
    robot, _ = machines.add_service(
        username="robot", name="Robot", kind="agent", sponsor=world.ines, team=world.team, actor=SYSTEM
    )
    leaving.deactivate(user=world.ines, why="left", actor=SYSTEM)
    robot.refresh_from_db()
    assert not robot.is_active
    with pytest.raises(Refused):
        leaving.reactivate(user=robot, actor=SYSTEM)


def test_not_oneself_not_the_last_administrator_and_not_without_a_reason(world: World, boss: User) -> None:
    with pytest.raises(Refused, match="themselves"):
        leaving.deactivate(user=boss, why="left", actor=actor(boss))
    with pytest.raises(Refused, match="last administrator"):
        leaving.deactivate(user=boss, why="left", actor=SYSTEM)
    with pytest.raises(BadInput):
        leaving.deactivate(user=world.ines, why=" ", actor=actor(boss))
    join(user=world.tomas, team=world.team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    leaving.deactivate(user=boss, why="left", actor=SYSTEM)


def test_only_who_administers_all_of_a_person_s_teams(world: World, boss: User) -> None:
    assert managed_person(boss, world.ines.pk) == world.ines
    for person in (world.zoe.pk, 999_999):
        with pytest.raises(NotYours):
            managed_person(boss, person)
    join(user=world.ines, team=Team.objects.get(slug="other"), role=Role.ANALYST, actor=SYSTEM)
    with pytest.raises(NotYours):
        managed_person(boss, world.ines.pk)


def test_an_administrator_adds_people_and_services_on_the_page(world: World, boss: User) -> None:
    browser = Client()
    browser.force_login(boss)
    told = {
        "username": "nina",
        "name": "Nina",
        "email": "nina@example.org",
        "team": world.team.pk,
        "role": "reviewer",
    }
    page = browser.post("/people/add/", told)
    assert page.status_code == 200 and "no-store" in page.headers["Cache-Control"]
    nina = User.objects.get(username="nina")
    assert list(nina.memberships.values_list("role", flat=True)) == ["reviewer"]
    assert browser.post("/people/add/", told).status_code == 422
    told = {
        "username": "robot",
        "name": "Robot",
        "kind": "service",
        "team": world.team.pk,
        "sponsor": nina.pk,
    }
    page = browser.post("/people/add-service/", told)
    robot = User.objects.get(username="robot")
    assert page.status_code == 200 and "Secret" in page.content.decode() and robot.sponsor == nina
    assert "Secret" not in browser.get("/people/").content.decode()
    other = Team.objects.get(slug="other").pk
    assert (
        browser.post(
            "/people/add/",
            {**told, "username": "eve", "email": "e@example.org", "role": "analyst", "team": other},
        ).status_code
        == 422
    )
    assert (
        browser.post("/people/add-service/", {**told, "username": "r2", "sponsor": world.zoe.pk}).status_code
        == 422
    )
    assert not User.objects.filter(username__in=("eve", "r2")).exists()
    assert (
        browser.post(f"/people/{nina.pk}/role/", {"team": world.team.pk, "role": "finance"}).status_code
        == 302
    )
    assert (
        browser.post(
            f"/people/{nina.pk}/role/", {"team": world.team.pk, "role": "reviewer", "take": "1"}
        ).status_code
        == 302
    )
    assert list(nina.memberships.values_list("role", flat=True)) == ["finance"]
    assert (
        browser.post(f"/people/{boss.pk}/role/", {"team": world.team.pk, "role": "reviewer"}).status_code
        == 422
    )
    assert (
        browser.post(f"/people/{world.zoe.pk}/role/", {"team": world.team.pk, "role": "analyst"}).status_code
        == 404
    )
