"""A lost call is made again; one that waits in a long queue is not, or repeats would fill it."""

from __future__ import annotations

import fakeredis
import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from hybridops.domain.states import StageState
from hybridops.engine.recall import AGAIN_SECONDS, Recall
from hybridops.experiments import announce
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Stage
from tests.world import World, submit

OTHER = 10_000_000  # no stage of this house


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    shared = fakeredis.FakeStrictRedis()
    monkeypatch.setattr(announce, "broker", lambda: shared)
    return Queue("light", connection=shared, serializer=JSONSerializer)


@pytest.fixture
def stage(world: World) -> Stage:
    """Ready for a while, and nobody was called."""
    found = Stage.objects.get(run=submit(world), state=StageState.READY, queue="light")
    Stage.objects.filter(pk=found.pk).update(ready_since=db_now() - 60)
    return found


def calls(queue: Queue, stage: Stage) -> int:
    return [job.args for job in queue.jobs].count([stage.pk])


def put(queue: Queue, *, seconds_ago: float) -> None:
    """The call of another stage."""
    announce.call(announce.JOB, OTHER, queue="light")
    job = queue.jobs[-1]
    assert job.enqueued_at is not None
    job.enqueued_at = job.enqueued_at.fromtimestamp(db_now() - seconds_ago, job.enqueued_at.tzinfo)
    job.save()


def test_a_call_that_waits_is_not_repeated_however_long(queue: Queue, stage: Stage) -> None:
    put(queue, seconds_ago=70)
    recall = Recall()
    for _ in range(3):
        recall()
    assert calls(queue, stage) == 0


@pytest.mark.parametrize("head_seconds_ago", [None, 0, 50], ids=["empty", "new head", "head after it"])
def test_a_call_that_was_lost_is_made_again_once(
    queue: Queue, stage: Stage, head_seconds_ago: float | None
) -> None:
    if head_seconds_ago is not None:
        put(queue, seconds_ago=head_seconds_ago)
    recall = Recall()
    for _ in range(3):
        recall()
    assert calls(queue, stage) == 1


def test_a_repeat_that_was_lost_as_well_is_made_again_in_its_time(queue: Queue, stage: Stage) -> None:
    recall = Recall()
    recall()
    queue.empty()
    recall()
    assert calls(queue, stage) == 0  # too soon
    recall.called[stage.pk] -= AGAIN_SECONDS + 0.1
    recall()
    assert calls(queue, stage) == 1


def test_what_has_just_become_ready_is_left_to_its_own_call(queue: Queue, world: World) -> None:
    submit(world)
    Recall()()
    assert queue.count == 0


def test_nothing_is_remembered_of_stages_that_went_on(queue: Queue, stage: Stage) -> None:
    recall = Recall()
    recall()
    assert set(recall.called) == {stage.pk}
    Stage.objects.filter(pk=stage.pk).update(state=StageState.RUNNING)
    recall()
    assert recall.called == {}
