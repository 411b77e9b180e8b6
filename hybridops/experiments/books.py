"""One run with its machines, as read, while moves are made on it: what is changed is written once, guarded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from hybridops.domain import clock
from hybridops.domain.errors import Conflict
from hybridops.domain.placement import Placement as Decision
from hybridops.domain.states import StageState
from hybridops.experiments.dbtime import now_sql
from hybridops.experiments.models import Placement, Run, Stage, Submission

LEASE_SECONDS = 15.0
_RUN_CHANGES = ("state", "outcome", "why", "ended_at", "cancel_requested", "version")


@dataclass(slots=True)
class Book:
    """The run and its machines as they stand after the moves, and the stage claimed along with them."""

    run: Run
    stages: dict[str, Stage]
    submissions: dict[int, Submission]
    claimed: Stage | None = None
    token: str = ""  # with which the claimed stage acts
    told: list[dict[str, Any]] = field(default_factory=list)
    _changes: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)

    def again(self) -> Book:
        """The same run for the next moves."""
        return Book(self.run, self.stages, self.submissions)

    def ready(self) -> list[Stage]:
        """The stages that became ready with these moves and that nobody has taken."""
        return [self.stages[key] for key in self._changes if self.stages[key].state == StageState.READY]

    def change(self, stage: Stage, values: dict[str, Any]) -> None:
        """Notes new values of a stage beside the state and fence it was read with."""
        self._changes.setdefault(stage.key, (stage.state, stage.fence, {}))[2].update(values)
        for name, value in values.items():
            setattr(stage, name, value)

    def place(self, stage: str, decision: Decision) -> None:
        """Records where a stage went and why, in the transaction that ends the stage."""
        Placement.objects.create(
            run_id=self.run.pk, stage=stage, document=decision.document(), made_at=clock.now()
        )

    def write(self) -> None:
        """Writes the run, then each changed stage; raises Conflict unless all stand as they were read."""
        seen = {"id": self.run.pk, "version": self.run.version}
        self.run.version += 1
        values = {name: getattr(self.run, name) for name in _RUN_CHANGES}
        if not _write(Run, values, seen):
            raise Conflict(f"{self.run} was moved by somebody else.")
        for key, (source, fence, changes) in self._changes.items():
            if not _write_stage(self.stages[key].pk, source, fence, changes):
                raise Conflict(f"{self.stages[key]} was moved by somebody else.")


def _write_stage(pk: int, source: str, fence: int, values: dict[str, Any]) -> bool:
    """Leases and waiting times follow from the state and are stamped with the database's own clock."""
    now = now_sql()
    stamps = (
        f"lease_until = {f'{now} + {LEASE_SECONDS}' if values['state'] == StageState.RUNNING else 'NULL'}",
        f"ready_since = {now if values['state'] == StageState.READY else 'NULL'}",
    )
    return _write(Stage, values, {"id": pk, "state": source, "fence": fence}, stamps)


def _write(
    model: type[Model], values: dict[str, Any], seen: dict[str, Any], stamps: Sequence[str] = ()
) -> bool:
    """The guarded UPDATE of one row, in SQL because these are the hottest statements of the engine.

    False where the row no longer stands as it was `seen`.
    """
    sets = [*(f"{name} = %s" for name in values), *stamps]
    guard = " AND ".join(f"{name} = %s" for name in seen)
    fields: list[Any] = [model._meta.get_field(name) for name in values]
    data = [
        item.get_db_prep_save(value, connection) for item, value in zip(fields, values.values(), strict=True)
    ]
    sql = f"UPDATE {model._meta.db_table} SET {', '.join(sets)} WHERE {guard}"  # noqa: S608  # names of our own
    with connection.cursor() as cursor:
        cursor.execute(sql, [*data, *seen.values()])
        return bool(cursor.rowcount == 1)


def hold(*run_ids: int) -> None:
    """Takes the rows of runs until the transaction ends, lowest first, for what writes of a run beside its moves.

    Whoever holds several kinds of rows takes them in this order: caps, runs, requests, submissions, breakers,
    tallies, budgets. What follows one order cannot wait in a circle. SQLite lets in one writer at a time and has
    nothing to take.
    """
    if connection.features.has_select_for_update:
        rows = Run.objects.select_for_update(of=("self",)).filter(pk__in=run_ids)
        list(rows.order_by("pk").values_list("pk", flat=True))


def open_book(**run: int) -> Book:
    """The run, found by its `pk` or that of one of its `stages`, locked until the transaction ends."""
    return _read(_runs().select_for_update(of=("self",)).get(**run))


def read_book(run_id: int, key: str) -> Book:
    """A run as it stands now, looked at from one of its stages; for reading only."""
    book = _read(_runs().get(pk=run_id))
    book.claimed = book.stages[key]
    return book


def _runs() -> QuerySet[Run]:
    return Run.objects.select_related("experiment__project", "requested_by")


def _read(run: Run) -> Book:
    stages = {stage.key: stage for stage in Stage.objects.filter(run=run).order_by("id")}
    began = any(s.spec["kind"] == "quantum" and s.state != StageState.WAITING for s in stages.values())
    rows = Submission.objects.filter(run=run).order_by("ordinal") if began else ()
    return Book(run, stages, {row.ordinal: row for row in rows})
