"""What an ended run says: which runs count as a pair, what failed, what it cost, and the same again for old runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from hybridops.artifacts.services import store
from hybridops.domain.ports import RemoteState
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services, snapshots
from hybridops.experiments.models import Run
from hybridops.experiments.outcome import AGAIN, PAIR, UNTRIED, Outcome, Tally
from hybridops.experiments.outcomes import facts
from hybridops.quotas.queries import costs_of
from tests.engine import fake
from tests.engine.test_needed import REACHED, controlled, run_with
from tests.web.test_decision import ask, use
from tests.world import World, submit

__all__ = ("controlled",)


def other_data(world: World, number: int = 1) -> int:
    """Another instance to ask about."""
    row = snapshots.add_snapshot(
        user=world.ines,
        project_id=world.project.pk,
        name=f"Wave {number}",
        filename="wave.csv",
        workflow="fake",
        digest=store(f"data {number}".encode()),
        summary={"size": "12 stops"},
    )
    return row.pk


def ended(world: World, **changed: Any) -> Outcome:
    run = use(world, ask(world, **changed))
    assert run.outcome
    return Outcome.objects.get(run=run)


def test_the_first_that_was_sent_and_ended_is_the_pair_and_later_ones_are_not(world: World) -> None:
    first, again, other = ended(world), ended(world), ended(world, snapshot_id=other_data(world))
    assert [row.counts for row in (first, again, other)] == [PAIR, AGAIN, PAIR]
    assert (first.quantum, first.baseline, first.random, first.heuristic) == (90.0, 95.0, 99.0, 100.0)
    assert (first.best, first.credit, first.backend, first.calibration != "") == (
        90.0,
        "quantum samples",
        "aster",
        True,
    )
    assert (first.sent, first.returned, first.errors, first.whole) == (3, 3, 0, 3)
    assert first.wait_seconds is not None and first.wait_seconds >= 0


def test_what_an_answer_takes_the_place_of_is_found_without_reading_all_on_the_same_data(
    world: World,
) -> None:
    with CaptureQueriesContext(connection) as asked:
        ended(world)
    (question,) = [
        one["sql"] for one in asked if '"best" > ' in one["sql"] and one["sql"].startswith("SELECT")
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SET LOCAL enable_seqscan = off"
            )  # a handful of rows is read faster than looked up
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{question}")
        assert "outcomes_in_their_place" in str(cursor.fetchall())


def test_a_failed_run_counts_and_has_no_answer(world: World) -> None:
    fake.CLOUD.finishes = RemoteState.FAILED
    row = ended(world)
    assert (row.outcome, row.counts, row.quantum) == ("degraded", PAIR, None)
    assert (row.fell_back, row.errors, row.returned) == (True, row.sent, 0)


def test_what_was_never_sent_was_never_tried(controlled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its controls are kept all the same, and the next run on the data is the one that counts."""
    row = Outcome.objects.get(run=run_with(controlled, monkeypatch, REACHED))
    assert (row.counts, row.sent, row.quantum, row.random) == (UNTRIED, 0, None, 99.0)
    monkeypatch.setattr(fake, "CONTROL", {})
    assert ended(controlled).counts == PAIR
    run = submit(controlled)
    services.cancel(user=controlled.ines, run_id=run.pk)
    assert Outcome.objects.get(run=run).counts == UNTRIED


def late(world: World) -> Outcome:
    """A run whose bills come home after it has ended."""
    fake.CLOUD.late_bills = 1_000
    row = ended(world)
    assert row.qpu_micro == 0
    fake.CLOUD.late_bills = 0
    for _ in range(4):
        ask_providers(row.pk)
    return Outcome.objects.get(pk=row.pk)


def test_its_money_is_the_ledger_s_also_where_the_bill_comes_late(world: World) -> None:
    assert late(world).qpu_micro > 0
    use(world, ask(world))
    told = {row.pk: (row.cost_micro, row.qpu_micro) for row in Outcome.objects.all()}
    assert told == costs_of(Run.objects.values("pk"))
    assert all(qpu > 0 for _, qpu in told.values())


def test_old_runs_get_the_same_rows(controlled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run_with(controlled, monkeypatch, REACHED)
    monkeypatch.setattr(fake, "CONTROL", {})
    ended(controlled)
    fake.CLOUD.finishes = RemoteState.FAILED
    ended(controlled, fallback="stop")
    drive(submit(controlled).pk)
    before = [model_to_dict(row) for row in Outcome.objects.order_by("pk")]
    tallied = added_up()
    Outcome.objects.all().delete()
    Tally.objects.all().delete()
    import_module("hybridops.experiments.migrations.0009_old_outcomes").fill(apps, None)
    with connection.cursor() as cursor:
        cursor.execute(import_module("hybridops.experiments.migrations.0013_old_projects").FILL)
    assert [model_to_dict(row) for row in Outcome.objects.order_by("pk")] == before
    assert len(before) == 3
    assert added_up() == tallied


def added_up() -> list[tuple[Any, ...]]:
    columns = ("definition", "team_id", "snapshot_id", "counts", "outcome")
    return sorted(Tally.objects.values_list(*columns, "runs", "cost_micro", "qpu_micro", "best"))


def test_the_tallies_add_up_every_run_also_after_a_late_bill(world: World) -> None:
    late(world)
    for answer in (90.0, 70.0, 120.0):
        fake.ANSWER["quantum"] = answer
        use(world, ask(world))
    other = other_data(world)
    ended(world, snapshot_id=other)
    rows: dict[tuple[Any, ...], list[Outcome]] = {}
    for row in Outcome.objects.all():
        key = (row.definition, row.team_id, row.snapshot_id, row.counts, row.outcome)
        rows.setdefault(key, []).append(row)
    assert added_up() == sorted(
        (
            *key,
            len(of),
            sum(row.cost_micro for row in of),
            sum(row.qpu_micro for row in of),
            min(row.best or 0.0 for row in of),
        )
        for key, of in rows.items()
    )


def test_an_intent_that_never_left_is_not_sent() -> None:
    """Money and intent were on disk, and the run ended before the call."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    sent = SimpleNamespace(
        sent_at=at, started_at=None, ended_at=at + timedelta(seconds=9), state="retrieved", provider="ibm",
        backend="b", snapshot="c", shots=10, shots_done=9, looked_up=2,
    )  # fmt: skip
    unsent = SimpleNamespace(**{**vars(sent), "sent_at": None, "state": "cancelled"})
    run = SimpleNamespace(
        outcome="cancelled",
        made_at=at,
        ended_at=at,
        experiment=SimpleNamespace(deadline=at - timedelta(days=1)),
    )
    assert facts(run, [], [unsent])["sent"] == 0
    told = facts(run, [], [sent, unsent])
    assert {name: told[name] for name in ("sent", "returned", "whole", "errors", "retries")} == {
        "sent": 1, "returned": 1, "whole": 0, "errors": 0, "retries": 2,
    }  # fmt: skip
    assert (told["wait_seconds"], told["late"]) == (9.0, True)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite nothing runs during an upgrade")
def test_a_row_that_the_version_before_writes_gets_its_project_from_the_database(world: World) -> None:
    row = ended(world)
    project, row.project = row.project_id, None
    Outcome.objects.filter(pk=row.pk).delete()
    row.save(force_insert=True)
    row.refresh_from_db()
    assert row.project_id == project is not None
