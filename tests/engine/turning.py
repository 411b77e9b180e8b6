"""Runs that stand in line: one cap on the scripted provider, and people who say yes."""

from __future__ import annotations

from typing import Any

from hybridops.approvals.queries import by_subject
from hybridops.backends import caps
from hybridops.domain.actors import SYSTEM
from hybridops.domain.states import RequestState
from hybridops.engine.inline import drive
from hybridops.experiments import conduct, services, turns
from hybridops.experiments.models import Run, Stage
from tests.presence import here
from tests.world import World, submit


def cap(at_once: int | None, *, backend: str = "aster", per_minute: int | None = None, seen: int = 0) -> None:
    caps.change(
        provider="scripted", backend=backend, at_once=at_once, per_minute=per_minute, seen=seen, why="as agreed",
        actor=SYSTEM,
    )  # fmt: skip
    turns.step()


def approved(world: World, **changes: Any) -> Run:
    """A run of one submission, driven until it is sent or waits for its turn."""
    run = submit(world, **{"parameters": {"rounds": 1}, **changes})
    drive(run.pk)
    request = by_subject(conduct.subject(run.pk))
    if request is not None and request.state == RequestState.PENDING:
        services.decide(
            user=world.mikkel, presence=here(), request_id=request.pk, verdict="approve",
            digest_shown=request.digest, reason="as planned",
        )  # fmt: skip
    drive(run.pk)
    return Run.objects.get(pk=run.pk)


def stage_of(run: Run) -> Stage:
    return Stage.objects.get(run=run, key="quantum")
