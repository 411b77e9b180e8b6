"""What a placement weighs in a real run: budgets, jobs of ours on their way, the deadline, the policy's share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hybridops.backends import services as backends
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.engine.builtin import document
from hybridops.engine.inline import drive
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.limits import open_budget
from tests.engine.fake import Scripted
from tests.engine.test_run import decide
from tests.world import World, publish, submit


def placed(run: Run) -> dict[str, Any]:
    drive(run.pk)
    found: dict[str, Any] = run.placements.get(document__resource="qpu").document
    return found


def guards(found: dict[str, Any]) -> dict[str, str]:
    return {one["backend"]: one["guard"] for one in found["candidates"]}


def test_a_backend_s_own_budget_that_is_too_small_sends_the_work_elsewhere(world: World) -> None:
    today = clock.now().date()
    open_budget(
        team_id=world.team.pk,
        name="aster only",
        limit_micro=3_000_000,
        starts_on=today,
        ends_on=today,
        backend="aster",
        actor=SYSTEM,
    )
    found = placed(submit(world))
    assert found["chosen"] == "kelvin"
    assert "$3.00 are left in the budget" in guards(found)["aster"]


def test_a_deadline_sends_the_work_where_it_will_be_in_time(world: World) -> None:
    """aster's queue was long nine times out of ten, whatever it says now."""
    start, (aster, kelvin) = clock.now() - timedelta(hours=3), Scripted().backends()
    for look in range(10):
        with clock.at(start + timedelta(minutes=6 * look)):
            backends.observe([replace(aster, wait_seconds=5.0 if look % 3 else 9000.0), kelvin])
    found = placed(submit(world, deadline=clock.now() + timedelta(hours=1)))
    assert found["chosen"] == "kelvin"
    assert "let it finish by the deadline" in guards(found)["aster"]
    assert placed(submit(world))["chosen"] == "aster"


def test_jobs_on_their_way_are_ahead_of_the_next(world: World) -> None:
    first = submit(world)
    drive(first.pk)
    decide(world, first)
    drive(first.pk)
    sent = Submission.objects.get(run=first)
    assert (sent.backend, sent.state) == ("aster", "submitted")
    before, after = placed(first), placed(submit(world))
    waits = [one["wait_p50"] for found in (before, after) for one in found["candidates"][:1]]
    assert waits[1] == pytest.approx(waits[0] + 100 * (2.5e-4 + 1e-5))


def test_the_policy_says_what_a_shorter_queue_is_worth(world: World) -> None:
    body = document("policy")
    publish({**body, "version": body["version"] + 1, "fidelity_given_up": "0.01"}, "policy")
    assert "within 1 % of the best expected success" in placed(submit(world))["why"]
