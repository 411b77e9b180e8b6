"""The small world with the real routing workflow in it, and runs of it driven in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import Client, override_settings

from hybridops.approvals.queries import by_subject
from hybridops.backends.services import observe
from hybridops.domain.states import RequestState
from hybridops.engine import intake, wiring
from hybridops.engine.builtin import document
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.teams.models import User
from tests.presence import here
from tests.web.ideal import Ideal
from tests.world import PRICES, World, publish, submit

type SignIn = Callable[[User], Client]

PARAMETERS = {
    "shots": 256,
    "qubits_max": 8,
    "layers": 1,
    "baseline_seconds": 0.5,
    "angle_strategy": "transferred",
}


@contextmanager
def ideal_provider() -> Iterator[None]:
    """`local` is the ideal provider of these tests, whatever else is configured."""
    providers = {**settings.PROVIDERS, "local": ("tests.web.ideal:Ideal", {})}
    with override_settings(PROVIDERS=providers):
        wiring.provider.cache_clear()
        yield
    wiring.provider.cache_clear()


def add_routing(world: World) -> DataSnapshot:
    """Signs routing and its prices, shows its backends, and adds the car-share zones."""
    return add_family(world, "routing", "carshare-montreal")


def add_family(world: World, name: str, key: str) -> DataSnapshot:
    """The same for any shipped family and one of the data sets that come with it."""
    publish(document(name), "workflow")
    book = document("pricebook")
    publish({**book, "version": 2, "rules": [*book["rules"], *PRICES["rules"]]}, "pricebook")
    observe(Ideal().backends())
    return intake.add_builtin(user=world.ines, project_id=world.project.pk, workflow_name=name, key=key)


def routing_run(world: World, snapshot: DataSnapshot, **changes: Any) -> Run:
    """A routing run as Ines submits it, driven until it waits for a person."""
    wanted = {
        "workflow": "routing",
        "priority_class": "research",
        "anyway": "to see the whole way",
        "snapshot_id": snapshot.pk,
        "parameters": PARAMETERS,
        "title": "Night shift",
    }
    run = submit(world, **{**wanted, "backend": "heron-torino", **changes})
    drive(run.pk)
    return Run.objects.get(pk=run.pk)


def decide(
    user: User, run: Run, verdict: str = "approve", reason: str = "looks right", **more: object
) -> None:
    request = by_subject(subject(run.pk))
    assert request is not None
    if request.state == RequestState.PENDING:
        services.decide(
            user=user,
            presence=here(),
            request_id=request.pk,
            verdict=verdict,
            digest_shown=request.digest,
            reason=reason,
            **more,  # type: ignore[arg-type]
        )


def finish(run: Run, rounds: int = 6) -> Run:
    """Drives on until nothing moves."""
    for _ in range(rounds):
        drive(run.pk)
        ask_providers(run.pk)
    drive(run.pk)
    return Run.objects.get(pk=run.pk)
