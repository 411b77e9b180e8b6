"""The commands that add a service and put somebody out."""

from __future__ import annotations

from io import StringIO

import pytest
from allauth.idp.oidc.models import Client
from django.core.management import CommandError, call_command

from hybridops.teams.models import User
from tests.world import World


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_a_service_is_added_with_a_secret_that_works(world: World) -> None:
    said = run("add_service", "robot", "--sponsor", "ines", "--team", "routing")
    client = Client.objects.get(owner__username="robot")
    assert client.check_secret(said.split(" with ")[1].split(" (")[0])
    assert User.objects.get(username="robot").sponsor == world.ines
    for words in (
        ("robot", "--sponsor", "ines"),
        ("other", "--sponsor", "nobody"),
        ("other", "--sponsor", "robot"),
    ):
        with pytest.raises(CommandError):
            run("add_service", *words, "--team", "routing")
    with pytest.raises(CommandError):
        run("add_service", "other", "--sponsor", "ines", "--team", "none")


def test_who_is_put_out_is_out(world: World) -> None:
    assert run("deactivate", "ines", "--why", "left") == "ines is out.\n"
    assert not User.objects.get(username="ines").is_active
    with pytest.raises(CommandError):
        run("deactivate", "nobody", "--why", "left")
    with pytest.raises(CommandError):
        run("deactivate", "tomas", "--why", " ")
