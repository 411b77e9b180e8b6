"""Ready stages whose call was lost are called again, and those whose call still waits in its queue are not.

A queue is worked off in order, so a call from before its head has been taken. Without this rule a long queue was filled
with repeats, each of which costs a worker as much as a short stage.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hybridops.domain.states import StageState
from hybridops.experiments.announce import JOB, call, head_since
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Stage

AGAIN_SECONDS = 3.0
STAGES_MAX = 200


@dataclass
class Recall:
    """`called`: when it last called which stage itself, in seconds of the database's clock.

    Whether two clocks agree moves a repeat and loses none: the head moves on, and an empty queue has none.
    """

    called: dict[int, float] = field(default_factory=dict)

    def __call__(self) -> None:
        now = db_now()
        rows = Stage.objects.filter(state=StageState.READY, ready_since__lt=now - AGAIN_SECONDS)
        found = rows.order_by("ready_since").values_list("pk", "queue", "ready_since")[:STAGES_MAX]
        last = {(pk, queue): max(since or 0.0, self.called.get(pk, 0.0)) for pk, queue, since in found}
        queues = {queue for _, queue in last}
        taken = {queue: min(now, head_since(queue) or now) - AGAIN_SECONDS for queue in queues}
        self.called = {pk: since for (pk, _), since in last.items()}
        for (pk, queue), since in last.items():
            if since < taken[queue]:
                call(JOB, pk, queue=queue)
                self.called[pk] = now
