"""Who and what there is cannot be told by how long a no takes: the same hashes, the same questions to the database."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hybridops.domain.actors import SYSTEM
from hybridops.teams import machines
from hybridops.teams.models import User
from tests.world import World


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch, world: World) -> list[str]:
    """What is hashed: with the hasher of the product each takes some tenths of a second, and all else milliseconds."""
    made, encode = list[str](), MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        made.append(password)
        return encode(self, password, salt)

    world.mikkel.set_password("correct horse 77x")
    world.mikkel.save()
    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return made


def way(hashed: list[str], path: str, sent: dict[str, str], **headers: str) -> tuple[int, list[str], int]:
    """How often it hashed, what it asked of the database, the answer."""
    cache.clear()
    hashed.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = Client().post(path, sent, headers=headers)
    return len(hashed), [re.sub(r"'[^']*'|[0-9]+", "?", one["sql"]) for one in asked], answer.status_code


def test_a_name_that_is_not_there_takes_the_way_of_a_wrong_password(hashed: list[str], world: World) -> None:
    TOTP.activate(world.tomas, generate_totp_secret())
    User.objects.filter(pk=world.zoe.pk).update(is_active=False)
    names = ("mikkel", "nobody-of-this-name", world.zoe.username, world.tomas.username)
    ways = [way(hashed, "/sign-in/", {"login": name, "password": "wrong"}) for name in names]
    assert ways[0][0] == 1 and ways == [ways[0]] * len(names)


def test_an_unknown_client_takes_as_long_as_a_wrong_secret(hashed: list[str], world: World) -> None:
    _, made = machines.add_service(
        username="robot", name="Robot", kind="service", sponsor=world.mikkel, team=world.team, actor=SYSTEM
    )
    for as_basic in (True, False):
        known, unknown = (
            asked(hashed, name, as_basic=as_basic) for name in (made.client_id, "robot-00000000")
        )
        assert known == unknown and known[0] == 1 and known[2] == 401


def asked(hashed: list[str], client_id: str, *, as_basic: bool) -> Any:
    sent = {"grant_type": "client_credentials"}
    if not as_basic:
        return way(hashed, "/api/token", {**sent, "client_id": client_id, "client_secret": "wrong"})
    basic = base64.b64encode(f"{client_id}:wrong".encode()).decode()
    return way(hashed, "/api/token", sent, Authorization=f"Basic {basic}")
