from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations
from django.db.models import Count, Min, Sum

# How an ended run was read when this was written. A copy on purpose: what the house says of new runs may change,
# what an upgrade does to old rows may not.
PAIR, AGAIN, UNTRIED, IDEAL = "pair", "again", "untried", "ideal"
ARMS = ("quantum", "baseline", "random", "heuristic", "ideal")


def fill(apps: Any, schema_editor: Any) -> None:
    """Runs that ended before there were outcomes, in the order they ended."""
    runs, outcomes = (apps.get_model("experiments", name) for name in ("Run", "Outcome"))
    snapshots = apps.get_model("backends", "Snapshot").objects
    ideal = set(snapshots.filter(body__kind="ideal simulator").values_list("digest", flat=True))
    paired: set[tuple[str, int]] = set()
    ended = runs.objects.exclude(outcome="").filter(told=None).select_related("experiment__project")
    for run in ended.order_by("ended_at", "pk").iterator(200):
        row = outcomes(run=run, **_money(apps, run), **_place(run), **_facts(run))
        same = (row.definition, row.snapshot_id)
        row.counts = UNTRIED if not row.sent else IDEAL if row.calibration in ideal else PAIR
        if row.counts == PAIR:
            row.counts = AGAIN if same in paired else PAIR
            paired.add(same)
        row.save(force_insert=True)
    _add_up(apps)


def _add_up(apps: Any) -> None:
    rows = apps.get_model("experiments", "Outcome").objects.order_by()
    kinds = rows.values("definition", "team_id", "snapshot_id", "counts", "outcome")
    told = kinds.annotate(
        n=Count("pk"), cost=Sum("cost_micro"), qpu=Sum("qpu_micro"), low=Min("best")
    )  # fmt: skip
    tally = apps.get_model("experiments", "Tally")
    for one in told:
        sums = {"runs": one.pop("n"), "cost_micro": one.pop("cost"), "qpu_micro": one.pop("qpu")}
        tally.objects.create(best=one.pop("low"), **one, **sums)


def _place(run: Any) -> dict[str, Any]:
    asked = run.experiment
    told = {"team_id": asked.project.team_id, "snapshot_id": asked.snapshot_id}
    return {**told, "workflow": asked.workflow, "definition": asked.definition_digest}


def _facts(run: Any) -> dict[str, Any]:
    stages = list(run.stages.order_by("pk"))
    rows = [row for row in run.submissions.order_by("ordinal") if row.sent_at is not None]
    return {**_told(run, stages), **_sent(rows), "retries": _retries(stages, rows)}


def _told(run: Any, stages: list[Any]) -> dict[str, Any]:
    arms = _arms(stages)
    known = [value for value in arms.values() if value is not None]
    quantum = next((stage for stage in stages if stage.spec["kind"] == "quantum"), None)
    deadline = run.experiment.deadline
    return {
        "outcome": run.outcome,
        "made_at": run.made_at,
        "ended_at": run.ended_at,
        **arms,
        "best": min(known) if known else None,
        "credit": _credit(stages),
        "busy_seconds": sum(stage.seconds or 0.0 for stage in stages),
        "fell_back": run.outcome == "degraded" and quantum is not None and quantum.state != "done",
        "late": None if deadline is None else run.ended_at > deadline,
    }


def _sent(rows: list[Any]) -> dict[str, Any]:
    last = rows[-1] if rows else None
    came = [row for row in rows if row.state == "retrieved"]
    return {
        "provider": last.provider if last else "",
        "backend": last.backend if last else "",
        "calibration": last.snapshot if last else "",
        "wait_seconds": _waited(rows),
        "sent": len(rows),
        "returned": len(came),
        "errors": sum(row.state in ("failed", "refused") for row in rows),
        "whole": sum((row.shots_done or 0) >= row.shots for row in came),
    }


def _retries(stages: list[Any], rows: list[Any]) -> int:
    return sum(stage.losses for stage in stages) + sum(row.looked_up for row in rows)


def _credit(stages: list[Any]) -> str:
    scores = _summaries(stages, "score")
    verdict = (scores[-1].get("verdict") or {}) if scores else {}
    return str(verdict.get("credit") or "")[:20]


def _summaries(stages: list[Any], kind: str) -> list[Any]:
    done = [stage for stage in stages if stage.spec["kind"] == kind and stage.state == "done"]
    return [stage.summary or {} for stage in done]


def _arms(stages: list[Any]) -> dict[str, float | None]:
    found: dict[str, Any] = {}
    for summary in _summaries(stages, "compute"):
        found |= {name: value for name, value in (summary.get("control") or {}).items() if name in ARMS[1:4]}
    for summary in _summaries(stages, "score"):
        for name, arm in (summary.get("arms") or {}).items():
            if name in ARMS and isinstance(arm, dict) and arm.get("objective") is not None:
                found[name] = arm["objective"]
    return {name: None if found.get(name) is None else float(found[name]) for name in ARMS}


def _waited(rows: list[Any]) -> float | None:
    ends = [(row.sent_at, row.started_at or row.ended_at) for row in rows if row.started_at or row.ended_at]
    return sum(max(0.0, (end - begun).total_seconds()) for begun, end in ends) if ends else None


def _money(apps: Any, run: Any) -> dict[str, int]:
    bills = apps.get_model("quotas", "Reservation").objects.filter(run_id=run.pk)
    sums = [
        rows.aggregate(total=Sum("settled_micro"))["total"] or 0
        for rows in (bills, bills.filter(key__contains="-qpu-"))
    ]
    return {"cost_micro": sums[0], "qpu_micro": sums[1]}


class Migration(migrations.Migration):
    """Apart from the one before: PostgreSQL alters no table whose rows were changed in the same transaction."""

    dependencies: ClassVar = [
        ("experiments", "0008_outcomes"),
        ("backends", "0001_initial"),
        ("quotas", "0001_initial"),
    ]

    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
