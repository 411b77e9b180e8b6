"""The same question again: what a replay asks for, and when there may be one."""

from __future__ import annotations

from hybridops.domain import clock
from hybridops.domain.errors import Refused
from hybridops.experiments.models import Run
from hybridops.experiments.services import Wanted


def wanted_again(run: Run) -> Wanted:
    """What a replay asks for: the same data, parameters and seed, with its own approval and cost."""
    experiment = run.experiment
    late = experiment.deadline is not None and experiment.deadline <= clock.now()
    return Wanted(
        project_id=experiment.project_id,
        snapshot_id=experiment.snapshot_id,
        title=experiment.title,
        business_outcome=experiment.business_outcome,
        parameters=run.parameters,
        seed=run.plan["seed"],
        backend=run.plan["backend"],
        priority_class=experiment.priority_class,
        fallback=experiment.fallback,
        deadline=None if late else experiment.deadline,
        cost_max_micro=experiment.cost_max_micro,
        anyway=experiment.anyway,
    )


def check_replayable(run: Run) -> None:
    """Raises Refused while the run still goes on, two at once would be a mistake, and where its data is gone."""
    snapshot = run.experiment.snapshot
    if snapshot.removed_at is not None:
        raise Refused(
            f"The data of {run} was removed on {snapshot.removed_at:%Y-%m-%d} under {snapshot.removed_under}. "
            "Add the file again to replay it."
        )
    if not run.outcome:
        raise Refused(f"{run} has not ended. Cancel it or wait, then replay it.")
