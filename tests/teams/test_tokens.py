"""Services come in by token: which, for what, for how long; every no looks as it should."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Client as OidcClient
from allauth.idp.oidc.models import Token
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from hybridops.approvals.models import ApprovalRequest
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Refused
from hybridops.engine.inline import drive
from hybridops.experiments import services as experiments
from hybridops.teams import leaving, machines
from hybridops.teams import services as teams
from hybridops.teams.machines import Credentials
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.web.api import pace
from hybridops.web.errors import whole
from tests.presence import here
from tests.world import World, submit


@pytest.fixture
def robot(world: World) -> tuple[User, Credentials]:
    return machines.add_service(
        username="robot", name="Robot", kind="service", sponsor=world.mikkel, team=world.team, actor=SYSTEM
    )


def asked(made: Credentials, *, address: str = "127.0.0.1", **fields: str) -> Any:
    basic = base64.b64encode(f"{made.client_id}:{made.secret}".encode()).decode()
    told = {"grant_type": "client_credentials", **fields}
    return Client(REMOTE_ADDR=address).post("/api/token", told, headers={"Authorization": f"Basic {basic}"})


def token(made: Credentials, **fields: str) -> str:
    return str(asked(made, **fields).json()["access_token"])


def get(url: str, value: str = "", kind: str = "Bearer") -> Any:
    return Client().get(url, headers={"Authorization": f"{kind} {value}"} if value else {})


def is_problem(answer: Any, status: int) -> bool:
    body = answer.json()
    return (answer.status_code, body["status"], answer["Content-Type"]) == (
        status,
        status,
        "application/problem+json",
    ) and bool(body["detail"])


def test_a_service_asks_for_a_token_of_five_minutes_and_reads(
    world: World, robot: tuple[User, Credentials]
) -> None:
    answer = asked(robot[1], scope="runs:read")
    assert answer.status_code == 200 and answer.json()["expires_in"] == 300
    assert answer.json()["access_token"] not in str(list(Token.objects.values()))
    me = get("/api/v1/me", answer.json()["access_token"])
    assert me.json() == {
        "name": "robot",
        "kind": "service",
        "sponsor": "Mikkel",
        "teams": [{"team": "routing", "role": "analyst"}],
        "projects": [{"id": world.project.pk, "slug": "aarhus", "name": "Aarhus", "team": "routing"}],
    }
    run = submit(world)
    told = get(f"/api/v1/runs/{run.pk}", answer.json()["access_token"]).json()
    assert (told["id"], told["state"], told["plan_digest"]) == (run.pk, "queued", run.plan_digest)


def test_an_address_with_too_many_wrong_secrets_waits_and_others_do_not(
    robot: tuple[User, Credentials],
) -> None:
    cache.clear()
    wrong, right = replace(robot[1], secret="wrong"), robot[1]
    for _ in range(pace.REFUSED_A_MINUTE):
        assert asked(wrong).status_code == 401
    told = asked(right)
    assert told.status_code == 429 and 0 < int(told["Retry-After"]) <= 60
    assert told.json()["error"] == "temporarily_unavailable" and "Wait" in told.json()["error_description"]
    assert asked(right, address="192.0.2.7").status_code == 200
    cache.clear()  # as after this minute
    assert asked(right).status_code == 200


@pytest.mark.parametrize("field", ["client_id", "client_secret", "refresh_token"])
def test_a_field_with_a_nul_is_told_so(db: None, field: str) -> None:
    sent = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    told = Client().post("/api/token", sent | {field: "a\0"})
    assert told.status_code == 400 and "NUL" in told.json()["error_description"]
    basic = base64.b64encode(b"a\0b:c").decode()
    told = Client().post("/api/token", {"grant_type": "x"}, headers={"Authorization": f"Basic {basic}"})
    assert told.status_code == 400


def test_no_token_and_a_wrong_one_are_told_to_bring_one(
    world: World, robot: tuple[User, Credentials]
) -> None:
    good = token(robot[1])
    for answer in (
        get("/api/v1/me"),
        get("/api/v1/me", "x" * 40),
        get("/api/v1/me", good[:-1]),
        get("/api/v1/me", good, "Basic"),
    ):
        assert is_problem(answer, 401) and answer["WWW-Authenticate"] == "Bearer"
    browser = Client()
    browser.force_login(world.ines)
    assert is_problem(browser.get("/api/v1/me"), 401)  # a session is no token
    assert is_problem(get("/api/v1/me"), 401)


def test_a_token_without_the_scope_is_refused(robot: tuple[User, Credentials]) -> None:
    assert is_problem(get("/api/v1/me", token(robot[1], scope="runs:submit")), 403)
    assert asked(robot[1], scope="admin").status_code == 400
    assert asked(Credentials(robot[1].client_id, "wrong")).status_code == 401
    assert asked(robot[1], grant_type="password", username="ines", password="x").status_code == 400


def test_runs_of_another_team_and_no_run_look_the_same(world: World, robot: tuple[User, Credentials]) -> None:
    run = submit(world)
    other = world.zoe.memberships.get().team
    alien = machines.add_service(
        username="alien", name="Alien", kind="agent", sponsor=world.zoe, team=other, actor=SYSTEM
    )[1]
    foreign, absent = get(f"/api/v1/runs/{run.pk}", token(alien)), get("/api/v1/runs/999999", token(alien))
    assert is_problem(foreign, 404) and foreign.content == absent.content


def test_a_token_ends_with_its_time(robot: tuple[User, Credentials]) -> None:
    value = token(robot[1])
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert is_problem(get("/api/v1/me", value), 401)


@pytest.mark.parametrize("who", ["robot", "mikkel"])
def test_tokens_of_who_was_deactivated_and_of_whom_they_answer_for_die_at_once(
    world: World, robot: tuple[User, Credentials], who: str
) -> None:
    value = token(robot[1])
    assert get("/api/v1/me", value).status_code == 200
    leaving.deactivate(user=User.objects.get(username=who), why="left", actor=SYSTEM)
    assert is_problem(get("/api/v1/me", value), 401)
    assert asked(robot[1]).status_code == 401
    assert not Token.objects.exists() and not OidcClient.objects.filter(owner__isnull=False).exists()
    with pytest.raises(Refused):
        machines.new_secret(user=User.objects.get(username="robot"), actor=SYSTEM)


def test_a_new_secret_ends_the_old_one_and_its_tokens(robot: tuple[User, Credentials]) -> None:
    value = token(robot[1])
    fresh = machines.new_secret(user=robot[0], actor=SYSTEM)
    assert is_problem(get("/api/v1/me", value), 401) and asked(robot[1]).status_code == 401
    assert get("/api/v1/me", token(fresh)).status_code == 200


def test_a_person_has_no_secret_and_a_service_no_password(
    world: World, robot: tuple[User, Credentials]
) -> None:
    with pytest.raises(Refused):
        machines.new_secret(user=world.ines, actor=SYSTEM)
    User.objects.filter(pk=robot[0].pk).update(password=User.objects.get(pk=world.ines.pk).password)
    user = User.objects.get(pk=robot[0].pk)
    user.set_password("correct horse 77x")
    user.save()
    browser = Client()
    browser.post("/sign-in/", {"login": "robot", "password": "correct horse 77x"})
    assert "_auth_user_id" not in browser.session


def test_who_answers_for_a_service_does_not_decide_on_what_it_asks(
    world: World, robot: tuple[User, Credentials]
) -> None:
    """Nor does the service: it is no person, whatever role it were given."""
    run = submit(world, user=robot[0])
    drive(run.pk)
    asked_for = ApprovalRequest.objects.get()
    assert {world.mikkel.pk, robot[0].pk} <= set(asked_for.involved)
    told = {
        "request_id": asked_for.pk,
        "verdict": "approve",
        "digest_shown": asked_for.digest,
        "reason": "",
        "limits": None,
        "presence": here(),
    }
    for user in (world.mikkel, robot[0]):
        with pytest.raises(Refused), whole():
            experiments.decide(user=user, **told)
    with pytest.raises(Refused):
        teams.join(user=robot[0], team=world.team, role=Role.REVIEWER, actor=SYSTEM)
