"""Runs beside each other: what was asked, what came of it, and whether their objectives may be compared at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput, NotYours
from hybridops.experiments.models import Run
from hybridops.experiments.outcome import Outcome
from hybridops.experiments.queries import runs_for
from hybridops.quotas.queries import spent_micro
from hybridops.teams.models import User

RUNS_MAX = 50
RECENT_MAX = 30


@dataclass(frozen=True, slots=True)
class Beside:
    """One run. `asked` maps the names of its inputs to their values, `told` is what it said once it ended."""

    run: Run
    asked: Mapping[str, Any]
    told: Outcome | None
    micro: int

    @property
    def measure(self) -> tuple[str, int]:
        """Runs of one measure have objectives that mean the same: one family of problems on one data snapshot."""
        return str(self.run.plan["family"]), self.run.experiment.snapshot_id


def beside(user: User, ids: Sequence[int]) -> list[Beside]:
    """These runs in the order they are named; raises NotYours if any is absent or not this person's to see, and
    BadInput for more than fifty.
    """
    if len(ids) > RUNS_MAX:
        raise BadInput(f"At most {RUNS_MAX} runs stand beside each other; choose fewer.", field="r")
    found = {run.pk: run for run in runs_for(user).filter(pk__in=ids)}
    if len(found) != len(set(ids)):
        raise NotYours("There is no such run.")
    told, spent = Outcome.objects.in_bulk(list(found)), spent_micro(found)
    return [Beside(found[pk], _asked(found[pk]), told.get(pk), spent.get(pk, 0)) for pk in dict.fromkeys(ids)]


def recent(user: User) -> list[Run]:
    """The newest runs that have ended, to choose from."""
    return list(runs_for(user).filter(ended_at__isnull=False)[:RECENT_MAX])


def _asked(run: Run) -> dict[str, Any]:
    plan = run.plan
    plain = {
        "Workflow": plan.get("workflow"),
        "Data": f"{run.experiment.snapshot.name} ({str(plan.get('data'))[:8]})",
        "Seed": plan.get("seed"),
        "Backend asked": plan.get("backend") or "any",
        "Class": plan.get("priority_class"),
        "Fallback": plan.get("fallback"),
        "Finish by": plan.get("deadline"),
        "Cap": plan.get("cost_max_micro"),
    }
    return plain | {f"{name}": value for name, value in sorted(run.parameters.items())}


def differing(rows: Sequence[Beside]) -> tuple[list[str], list[str]]:
    """The names of the inputs that differ, and of those that are the same in all; one that is missing differs."""
    names = list(dict.fromkeys(name for row in rows for name in row.asked))
    seen = {name: {repr(row.asked.get(name)) for row in rows} for name in names}
    return [name for name in names if len(seen[name]) > 1], [name for name in names if len(seen[name]) == 1]
