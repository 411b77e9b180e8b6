from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations
from django.db.models import Count, Min, Sum

from hybridops.experiments.outcome import AGAIN, IDEAL, PAIR, UNTRIED
from hybridops.experiments.outcomes import facts


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
    return facts(run, run.stages.order_by("pk"), run.submissions.order_by("ordinal"))


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
