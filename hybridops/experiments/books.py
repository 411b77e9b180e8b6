"""One run with its machines, as read, while moves are made on it: what is changed is written once, guarded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from hybridops.domain import clock
from hybridops.domain.errors import Conflict
from hybridops.domain.placement import Placement as Decision
from hybridops.domain.states import StageState
from hybridops.experiments.dbtime import now_sql
from hybridops.experiments.models import Placement, Run, Stage, Submission

LEASE_SECONDS = 15.0
_RUN_CHANGES = ("state", "outcome", "why", "ended_at", "cancel_requested")


@dataclass(slots=True)
class Book:
    """The run and its machines as they stand after the moves, and the stage claimed along with them."""

    run: Run
    stages: dict[str, Stage]
    submissions: dict[int, Submission]
    claimed: Stage | None = None
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
        """Writes each changed stage and the run; raises Conflict unless all stand as they were read."""
        for key, (source, fence, values) in self._changes.items():
            if not _write_stage(self.stages[key].pk, source, fence, values):
                raise Conflict(f"{self.stages[key]} was moved by somebody else.")
        values = {name: getattr(self.run, name) for name in _RUN_CHANGES}
        seen = Run.objects.filter(pk=self.run.pk, version=self.run.version)
        self.run.version += 1
        if seen.update(**values, version=self.run.version) != 1:
            raise Conflict(f"{self.run} was moved by somebody else.")


def _write_stage(pk: int, source: str, fence: int, values: dict[str, Any]) -> bool:
    """The guarded UPDATE of one stage, in SQL because it is the hottest statement of the engine.

    Leases and waiting times follow from the state and are stamped with the database's own clock.
    """
    now, names = now_sql(), list(values)
    fields: list[Any] = [Stage._meta.get_field(name) for name in names]
    sets = [f"{name} = %s" for name in names]
    sets.append(
        f"lease_until = {f'{now} + {LEASE_SECONDS}' if values['state'] == StageState.RUNNING else 'NULL'}"
    )
    sets.append(f"ready_since = {now if values['state'] == StageState.READY else 'NULL'}")
    data = [
        item.get_db_prep_save(value, connection) for item, value in zip(fields, values.values(), strict=True)
    ]
    sql = f"UPDATE experiments_stage SET {', '.join(sets)} WHERE id = %s AND state = %s AND fence = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*data, pk, source, fence])
        return bool(cursor.rowcount == 1)


def open_book(run_id: int) -> Book:
    """The run, locked until the transaction ends."""
    return _read(Run.objects.select_for_update().get(pk=run_id))


def read_book(run_id: int, key: str) -> Book:
    """A run as it stands now, looked at from one of its stages; for reading only."""
    book = _read(Run.objects.get(pk=run_id))
    book.claimed = book.stages[key]
    return book


def _read(run: Run) -> Book:
    stages = {stage.key: stage for stage in Stage.objects.filter(run=run).order_by("id")}
    began = any(s.spec["kind"] == "quantum" and s.state != StageState.WAITING for s in stages.values())
    rows = Submission.objects.filter(run=run).order_by("ordinal") if began else ()
    return Book(run, stages, {row.ordinal: row for row in rows})
