"""One new run in the demo, so that something moves when a person looks."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic, sleep
from uuid import uuid4

from hybridops.backends.services import known
from hybridops.cli.rehearsal.people import add_snapshot
from hybridops.cli.rehearsal.problems import PROBLEMS, WHY_ANYWAY
from hybridops.domain import clock
from hybridops.domain.risk import EXEMPT
from hybridops.engine import intake
from hybridops.experiments.models import Run
from hybridops.experiments.services import Wanted
from hybridops.teams.models import User

BACKENDS_SECONDS = 20.0


def start_one() -> Run | None:
    """Submits the car-share question as Inês; None where no worker has looked at the backends in time."""
    end = monotonic() + BACKENDS_SECONDS
    while not known():
        if monotonic() > end:
            return None
        sleep(0.2)
    problem = PROBLEMS["zones"]
    snapshot = add_snapshot("ines", problem.project, problem.name, problem.data(), problem.filename)
    wanted = Wanted(
        project_id=snapshot.project_id,
        snapshot_id=snapshot.pk,
        title=f"{problem.name}, {clock.now():%d %b}",
        business_outcome=problem.outcome,
        parameters={},
        seed=1,
        backend="heron-torino",
        priority_class=EXEMPT,
        fallback="classical",
        deadline=clock.now() + timedelta(hours=5),
        cost_max_micro=20_000_000,
        anyway=WHY_ANYWAY,
    )
    user = User.objects.get(username="ines")
    return intake.submit(user=user, workflow_name="routing", wanted=wanted, submit_key=uuid4().hex)
