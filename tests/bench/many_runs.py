"""Many ended runs with their bills and the ledger's entries, as rows in bulk: what pages read, and no more."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

BULK, DAYS, EXPERIMENTS = 5_000, 730, 50
OUTCOMES = ("accepted", "not_accepted", "not_accepted", "failed", "refused")


def fill(world: Any, count: int) -> None:
    """Runs 2 to `count`, the newest with the lowest number, each with two bills and five entries of the ledger.

    Run 1 is a real one that waits, whose plan the others have.
    """
    from hybridops.domain import clock
    from hybridops.experiments.models import Run
    from hybridops.quotas.models import Budget, LedgerEntry, Reservation
    from tests.world import submit

    rng, now, budget = random.Random(20261129), clock.now(), Budget.objects.earliest("pk")
    plan = submit(world).plan
    experiments = [_experiment(world, number) for number in range(EXPERIMENTS)]
    for start in range(2, count + 1, BULK):
        numbers = range(start, min(start + BULK, count + 1))
        at = {number: now - timedelta(days=DAYS * number / count) for number in numbers}
        Run.objects.bulk_create(
            _run(number, at[number], rng.choice(experiments), rng.choice(OUTCOMES), plan)
            for number in numbers
        )
        bills = [bill for number in numbers for bill in _bills(number, at[number])]
        Reservation.objects.bulk_create(bills)
        entries = [one for bill in bills for one in _entries(budget, bill)]
        LedgerEntry.objects.bulk_create(entries)


def _experiment(world: Any, number: int) -> Any:
    from hybridops.domain import clock
    from hybridops.experiments.models import Experiment

    return Experiment.objects.create(
        project=world.project, owner=world.ines, snapshot=world.snapshot, title=f"Wave {number}",
        business_outcome="shorter walks", workflow="fake" if number % 6 == 0 else f"other-{number % 6}",
        definition_digest="0" * 64, priority_class="validation", fallback="classical", cost_max_micro=50_000_000,
        made_at=clock.now(),
    )  # fmt: skip


def _run(number: int, at: Any, experiment: Any, outcome: str, plan: Any) -> Any:
    from hybridops.experiments.models import Run

    return Run(
        pk=number, experiment=experiment, requested_by=experiment.owner, submit_key=f"{number:064x}", state=outcome,
        outcome=outcome, plan=plan, plan_digest=f"{number:064x}", made_at=at, ended_at=at,
    )  # fmt: skip


def _bills(number: int, at: Any) -> list[Any]:
    from hybridops.quotas.models import Reservation

    def bill(key: str, micro: int) -> Any:
        return Reservation(
            key=f"run-{number}-{key}", state="settled", run_id=number, what="work", amount_micro=micro,
            settled_micro=micro, price_book="0" * 64, made_at=at, ended_at=at,
        )  # fmt: skip

    return [bill("classical", 100_000), bill("qpu-1", 900_000)]


def _entries(budget: Any, bill: Any) -> list[Any]:
    """A promise and its bill each; the QPU's shots too."""
    from hybridops.quotas.models import LedgerEntry

    micro, made = bill.amount_micro, []
    for kind, moved in (
        ("RESERVE", {"available": -micro, "pending": micro}),
        ("SETTLE", {"pending": -micro, "posted": micro}),
    ):
        made.append(
            LedgerEntry(
                entry_id=f"{bill.key}:{kind}", budget=budget, reservation=bill, kind=kind, amount=micro,
                at=bill.made_at, **moved,
            )
        )  # fmt: skip
    if "-qpu-" in bill.key:
        made.append(
            LedgerEntry(
                entry_id=f"{bill.key}:SETTLE:shots", budget=budget, reservation=bill, kind="SETTLE", unit="shots",
                amount=100, pending=-100, posted=100, at=bill.made_at,
            )
        )  # fmt: skip
    return made
