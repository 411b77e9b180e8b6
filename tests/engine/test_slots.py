"""Shots that an approval pays for, whatever the form of the price, and bills by the program that was sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hybridops.approvals.queries import by_subject
from hybridops.domain.envelope import read
from hybridops.domain.errors import Refused
from hybridops.engine.inline import drive
from hybridops.engine.slots import affordable_shots, slot_cost
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import Stage
from hybridops.quotas.models import Reservation
from tests.engine.test_run import decide, finish
from tests.world import PRICES, World, publish, submit

GATES = {"kind": "gate-shots", "one_qubit": "0.001", "two_qubit": "0.01", "minimum": "0.50"}
SECONDS = {"kind": "seconds", "second": "1.60", "job_seconds": "0.5", "increment_seconds": "0.1"}


def priced(rule: dict[str, str]) -> None:
    rules = [{"provider": "scripted", "backend": "*", **rule}]
    publish({**PRICES, "schema": "hybridops.pricebook/2", "version": 2, "rules": rules}, "pricebook")


@pytest.mark.parametrize("rule", [GATES, SECONDS])
@pytest.mark.parametrize("limit", ["21.00", "8.10", "3.10"])
@pytest.mark.parametrize("circuits", [1, 3])
def test_a_lower_limit_gives_the_most_shots_that_fit(
    world: World, rule: dict[str, str], limit: str, circuits: int
) -> None:
    priced(rule)
    run = submit(world)
    drive(run.pk)
    request = by_subject(subject(run.pk))
    assert request is not None
    envelope = read({**request.envelope, "cost_usd_max": limit, "bindings_max": circuits})
    bodies: list[dict[str, Any]] = next(
        one.summary["programs"] for one in Stage.objects.filter(run=run) if "programs" in one.summary
    )
    room = envelope.cost_usd_max / envelope.submissions_max

    def cost(shots: int) -> Decimal:
        return slot_cost(envelope.price_book, bodies, shots=shots * circuits, circuits=circuits)

    if cost(1) > room:
        with pytest.raises(Refused, match="Not one shot"):
            affordable_shots(envelope, bodies)
        return
    shots = affordable_shots(envelope, bodies)
    assert cost(shots) <= room
    assert shots == envelope.shots_max // envelope.submissions_max // circuits or cost(shots + 1) > room


def test_a_bill_by_gates_uses_the_gates_of_the_program_that_was_sent(world: World) -> None:
    """9 one-qubit and 5 two-qubit gates, 100 shots: $5.90 a submission."""
    priced(GATES)
    run = submit(world)
    drive(run.pk)
    decide(world, run)
    ended = finish(run)
    assert [row.cost_micro for row in ended.submissions.all()] == [5_900_000] * 3
    assert not Reservation.objects.filter(state="held").exists()


def test_an_ended_price_closes_a_backend_to_new_runs(world: World) -> None:
    priced({**GATES, "valid_to": "2020-01-01"})
    run = submit(world)
    ended = drive(run.pk)
    assert "ended on 2020-01-01" in ended.why


def test_a_placement_is_on_record_with_every_candidate_s_numbers(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    placed = run.placements.get(document__resource="qpu").document
    assert (placed["chosen"], "within 3 %" in placed["why"]) == ("aster", True)
    first, second = placed["candidates"]
    assert (first["backend"], first["wait_p50"], first["wait_p90"], first["waits_seen"]) == (
        "aster",
        10.0,
        10.0,
        2,
    )
    assert (first["fidelity"], first["guard"]) == (0.9, "")
    assert Decimal(second["cost_usd"]) == Decimal(first["cost_usd"]) == Decimal("3.90")
