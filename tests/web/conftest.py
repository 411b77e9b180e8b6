"""The pages' own fixtures: the routing workflow in the small world, and signed-in browsers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from hybridops.experiments import services
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.teams.models import User
from tests.web.routing_world import SignIn, add_routing, decide, finish, ideal_provider, routing_run
from tests.world import World


@pytest.fixture
def routing(world: World) -> Iterator[DataSnapshot]:
    """The car-share zones, in a world that can run routing on an ideal provider."""
    with ideal_provider():
        yield add_routing(world)


@pytest.fixture
def ended(world: World, routing: DataSnapshot) -> Run:
    """A routing run that a reviewer approved, sampled and scored."""
    run = routing_run(world, routing)
    decide(world.mikkel, run)
    return finish(run)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a verb that refuses roll back alone: in a test, unlike at a desk, a transaction is around it."""
    for name in ("submit", "cancel"):
        monkeypatch.setattr(services, name, transaction.atomic(getattr(services, name)))


@pytest.fixture
def as_(client: Client) -> SignIn:
    """`as_(world.ines)` is her browser."""

    def signed_in(user: User) -> Client:
        client.force_login(user)
        return client

    return signed_in
