"""Keeps what an ended run says, beside the run: `facts` reads it, `note` writes it, `add_bill` for late money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Least

from hybridops.backends.models import Snapshot
from hybridops.domain.states import RunState, StageState, SubmissionState
from hybridops.experiments.books import Book
from hybridops.experiments.outcome import AGAIN, IDEAL, PAIR, UNTRIED, Outcome, Tally

ARMS = ("quantum", "baseline", "random", "heuristic", "ideal")
_IDEAL_KIND = "ideal simulator"
_CAME = (SubmissionState.RETRIEVED,)
_ERRORS = (SubmissionState.FAILED, SubmissionState.REFUSED)


def note(book: Book, *, classical_micro: int) -> Outcome:
    """Writes the row of a run that has just ended: last of all, in the transaction that ended it."""
    run, sent = book.run, sorted(book.submissions.values(), key=lambda row: row.ordinal)
    found = facts(run, book.stages.values(), sent)
    settled = sum(row.cost_micro or 0 for row in sent if row.settled)
    row = Outcome(
        run=run,
        team_id=run.experiment.project.team_id,
        project_id=run.experiment.project_id,
        snapshot_id=run.experiment.snapshot_id,
        workflow=run.experiment.workflow,
        definition=run.experiment.definition_digest,
        cost_micro=classical_micro + settled,
        qpu_micro=settled,
        **found,
    )
    row.counts = _counts(row)
    row.save(force_insert=True)
    _add_up(row)
    _replace(row)
    return row


def _replace(row: Outcome) -> None:
    """A better accepted answer takes the place of those before it on the same data."""
    if row.outcome == RunState.ACCEPTED and row.best is not None:
        before = Outcome.objects.filter(
            snapshot_id=row.snapshot_id, workflow=row.workflow, outcome=RunState.ACCEPTED, replaced_at=None
        )
        before.filter(best__gt=row.best).exclude(pk=row.pk).update(replaced_at=row.ended_at)


def add_bill(run_id: int, billed_micro: int) -> None:
    """A submission was billed: of a run that has ended its rows grow, of another nothing is there yet."""
    row = Outcome.objects.filter(pk=run_id).first()
    if row is not None:
        for grown in (Outcome.objects.filter(pk=run_id), _tally(row)):
            grown.update(cost_micro=F("cost_micro") + billed_micro, qpu_micro=F("qpu_micro") + billed_micro)


def _tally(row: Any) -> QuerySet[Any]:
    """Where a row is added up."""
    place = {name: getattr(row, name) for name in ("definition", "snapshot_id", "counts", "outcome")}
    return Tally.objects.filter(**place)


def _add_up(row: Outcome) -> None:
    """Adds a new row to its tally. Two that make the same tally at one time make one."""
    if not _grow(row):
        place = {
            name: getattr(row, name) for name in ("definition", "team_id", "snapshot_id", "counts", "outcome")
        }
        Tally.objects.bulk_create([Tally(**place)], ignore_conflicts=True)
        _grow(row)


def _grow(row: Outcome) -> bool:
    best = F("best") if row.best is None else Coalesce(Least(F("best"), row.best), row.best)
    return bool(
        _tally(row).update(
            runs=F("runs") + 1,
            cost_micro=F("cost_micro") + row.cost_micro,
            qpu_micro=F("qpu_micro") + row.qpu_micro,
            best=best,
        )
    )


def _counts(row: Outcome) -> str:
    """Which of the four kinds. Nobody had seen an answer on this data before the first one ended: it counts."""
    if not row.sent:
        return UNTRIED
    kinds = Snapshot.objects.filter(digest=row.calibration).values_list("body__kind", flat=True)
    if _IDEAL_KIND in kinds:
        return IDEAL
    same = Outcome.objects.filter(definition=row.definition, snapshot_id=row.snapshot_id, counts=PAIR)
    return AGAIN if same.exists() else PAIR


def facts(run: Any, stages: Iterable[Any], submissions: Iterable[Any]) -> dict[str, Any]:
    """What an ended run says, as columns of Outcome, from its rows alone; money and `counts` apart."""
    known, rows = list(stages), [row for row in submissions if row.sent_at is not None]
    arms, last = _arms(known), rows[-1] if rows else None
    quantum = next((stage for stage in known if stage.spec["kind"] == "quantum"), None)
    told = [value for value in arms.values() if value is not None]
    deadline = run.experiment.deadline
    return {
        "outcome": run.outcome,
        "made_at": run.made_at,
        "ended_at": run.ended_at,
        "provider": last.provider if last else "",
        "backend": last.backend if last else "",
        "calibration": last.snapshot if last else "",
        **arms,
        "best": min(told) if told else None,
        "credit": str(_verdict(known).get("credit") or "")[:20],
        "wait_seconds": _waited(rows),
        "busy_seconds": sum(stage.seconds or 0.0 for stage in known),
        "sent": len(rows),
        "returned": sum(row.state in _CAME for row in rows),
        "errors": sum(row.state in _ERRORS for row in rows),
        "whole": sum(row.state in _CAME and (row.shots_done or 0) >= row.shots for row in rows),
        "retries": sum(stage.losses for stage in known) + sum(row.looked_up for row in rows),
        "fell_back": _fell_back(run, quantum),
        "late": None if deadline is None else run.ended_at > deadline,
    }


def _fell_back(run: Any, quantum: Any) -> bool:
    return run.outcome == RunState.DEGRADED and quantum is not None and quantum.state != StageState.DONE


def _verdict(stages: Iterable[Any]) -> Mapping[str, Any]:
    found = _summaries(stages, "score")
    return (found[-1].get("verdict") or {}) if found else {}


def _summaries(stages: Iterable[Any], kind: str) -> list[Mapping[str, Any]]:
    done = [stage for stage in stages if stage.spec["kind"] == kind and stage.state == StageState.DONE]
    return [stage.summary or {} for stage in done]


def _arms(stages: list[Any]) -> dict[str, float | None]:
    """What the control found before the gate, and over it what the score recomputed.

    A classical answer that stood in is in the score without a quantum arm, and so is no answer of the QPU.
    """
    found: dict[str, Any] = {}
    for summary in _summaries(stages, "compute"):
        found |= {name: value for name, value in (summary.get("control") or {}).items() if name in ARMS[1:4]}
    for summary in _summaries(stages, "score"):
        for name, arm in (summary.get("arms") or {}).items():
            if name in ARMS and isinstance(arm, Mapping) and arm.get("objective") is not None:
                found[name] = arm["objective"]
    return {name: None if found.get(name) is None else float(found[name]) for name in ARMS}


def _waited(rows: list[Any]) -> float | None:
    ends: list[tuple[datetime, datetime]] = [
        (row.sent_at, row.started_at or row.ended_at) for row in rows if row.started_at or row.ended_at
    ]
    return sum(max(0.0, (end - begun).total_seconds()) for begun, end in ends) if ends else None
