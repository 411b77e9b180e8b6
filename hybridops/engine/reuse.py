"""What was computed from the very same input is not computed again, where the signed definition allows it.

The input is everything a step may look at: code, data, parameters, seed, and what the stages before it found. Only
runs of the same team are looked at, so nobody learns from the speed of a stage what another team works on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.artifacts import removal
from hybridops.domain.placement import Placement, place_compute
from hybridops.domain.states import StageState
from hybridops.engine import wiring
from hybridops.engine.context import Context
from hybridops.engine.proposals import Done
from hybridops.experiments.models import Run, Stage
from hybridops.trust.canonical import digest_of

_MEASURED = ("seconds", "device")  # of the machine, not of the result
LOOKED_AT = 5


def digest_of_input(ctx: Context, step: str) -> str:
    """Names the input of a step, whichever run asks."""
    found = {key: _timeless(summary) for key, summary in ctx.results().items()}
    asked = [dict(ctx.run.parameters), ctx.run.plan["seed"], ctx.run.plan["data"], step, found]
    return digest_of([wiring.implementation(ctx.family()), *asked])


def earlier_with(made_from: str, run: Run) -> Stage | None:
    """The newest stage of this team with that input whose files are all still there."""
    rows = Stage.objects.filter(made_from=made_from, state=StageState.DONE).exclude(run_id=run.pk)
    rows = rows.filter(run__experiment__project__team=run.experiment.project.team_id)
    return next((row for row in rows.order_by("-id")[:LOOKED_AT] if _is_whole(row.summary)), None)


def taken_from(row: Stage, ctx: Context) -> Done:
    """Its result as this stage's own: no seconds, and so nothing to pay."""
    placed = None if ctx.spec.light else placed_on(ctx, row.device)
    return Done(
        row.summary, row.device, 0.0, None, placed, made_from=row.made_from, taken_from=f"R-{row.run_id}"
    )


def placed_on(ctx: Context, device: str) -> Placement:
    return place_compute(ctx.spec.resource, device, gpu_required=ctx.spec.gpu_required)


def _is_whole(summary: Mapping[str, Any]) -> bool:
    digests = set((summary.get("artifacts") or {}).values())
    return removal.count(digests) == len(digests)


def _timeless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _timeless(inner) for key, inner in value.items() if key not in _MEASURED}
    return [_timeless(inner) for inner in value] if isinstance(value, list) else value
