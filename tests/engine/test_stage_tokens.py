"""A stage acts for its own run, under its own lease, for five minutes at a time: never for another."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hybridops.artifacts.services import store
from hybridops.audit.models import AuditEvent
from hybridops.domain.errors import Fenced, NotYours
from hybridops.domain.ports import StepInput
from hybridops.engine import advance, context
from hybridops.engine.context import Context
from hybridops.engine.inline import drive
from hybridops.experiments.models import Run, Stage
from hybridops.experiments.transitions import claim, return_stages
from hybridops.teams import stage_tokens
from tests.engine import fake
from tests.world import World, submit

LEASE = {"run": 1, "stage": "validate", "fence": 1}


def leased(run: Run) -> Context:
    actor = advance.worker_actor("w")
    book = claim(stage_id=Stage.objects.get(run=run, state="ready").pk, worker="w", actor=actor)
    assert book is not None
    return context.of(book, actor, book.token)


def test_a_token_is_good_for_its_lease_and_for_nothing_else() -> None:
    token, _ = stage_tokens.mint(**LEASE)
    stage_tokens.check(token, **LEASE)
    for other in ({"run": 2}, {"stage": "quantum"}, {"fence": 2}):
        with pytest.raises(NotYours):
            stage_tokens.check(token, **LEASE | other)


def test_a_token_that_was_changed_or_made_elsewhere_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    token, _ = stage_tokens.mint(**LEASE)
    head, mac = token.split(".")
    other, _ = stage_tokens.mint(**LEASE | {"run": 2})
    for wrong in (
        "",
        ".",
        head,
        f"{head}.",
        f".{mac}",
        f"{other.split('.')[0]}.{mac}",
        f"{token}0",
        f"x{token}",
        "é.é",
        f"%%.{mac}",
    ):
        with pytest.raises(NotYours):
            stage_tokens.check(wrong, **LEASE)
    from django.conf import settings

    monkeypatch.setattr(settings, "SECRET_KEY", "another installation")
    with pytest.raises(NotYours):
        stage_tokens.check(token, **LEASE)


def test_the_token_of_one_run_is_refused_for_another(world: World) -> None:
    """Reading as well as sending: the door is the same."""
    first, second = submit(world), submit(world)
    ctx, other = leased(first), leased(second)
    ctx.act_for(first.pk)
    with pytest.raises(NotYours):
        ctx.act_for(second.pk)
    other.token = ctx.token
    with pytest.raises(NotYours):
        other.fetch(second.plan["data"])


def test_a_stage_reads_the_artifacts_of_its_run_and_no_others(world: World) -> None:
    ctx = leased(submit(world))
    assert ctx.fetch(ctx.run.plan["data"]) == b"data"
    with pytest.raises(NotYours):
        ctx.fetch(store(b"of somebody else"))


def test_a_workflow_that_asks_for_another_run_s_artifact_ends_its_run(world: World) -> None:
    foreign = store(b"of somebody else")

    def greedy(step: StepInput) -> Any:
        return step.artifact(foreign)

    fake.HOOKS["check"] = greedy
    run = submit(world)
    drive(run.pk)
    run.refresh_from_db()
    assert run.outcome == "refused" and "is not one of" in run.why


def test_time_is_renewed_with_the_lease_and_ends_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = leased(submit(world))
    first, now = ctx.token, time.time()
    monkeypatch.setattr(stage_tokens.time, "time", lambda: now + stage_tokens.SECONDS + 1)
    ctx.act_for(ctx.run.pk)
    assert ctx.token != first
    return_stages([Stage.objects.get(pk=ctx.stage.pk)], why="its worker is gone", actor=ctx.actor)
    monkeypatch.setattr(stage_tokens.time, "time", lambda: now + 2 * (stage_tokens.SECONDS + 1))
    with pytest.raises(Fenced):
        ctx.act_for(ctx.run.pk)


def test_a_resumed_worker_cannot_use_the_token_of_the_next_lease(world: World) -> None:
    ctx = leased(submit(world))
    return_stages([Stage.objects.get(pk=ctx.stage.pk)], why="its worker is gone", actor=ctx.actor)
    following = leased(ctx.run)
    ctx.token = following.token
    with pytest.raises(NotYours):
        ctx.act_for(ctx.run.pk)


def test_every_lease_s_token_is_in_the_trail_and_the_token_itself_is_not(world: World) -> None:
    ctx = leased(submit(world))
    event = AuditEvent.objects.filter(stream=f"run:{ctx.run.pk}").latest("seq")
    (move,) = [move for move in json.loads(event.body)["facts"]["moves"] if "token" in move]
    assert move["stage"] == ctx.stage.key and len(move["token"]) == 16
    assert ctx.token not in event.body
