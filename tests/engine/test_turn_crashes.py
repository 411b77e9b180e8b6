"""Death at every line while two runs share one place: the cap holds, each is sent once, and nobody waits for ever."""

from __future__ import annotations

import sys

import pytest

from hybridops.domain.states import LIVE_SUBMISSION
from hybridops.experiments import sites, turns
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Run, Submission, Turn
from hybridops.quotas.models import Budget, Reservation
from tests.engine import fake
from tests.engine.test_crashes import Killed, forget_connection, go_on, killing_at
from tests.engine.turning import cap
from tests.long import LONG
from tests.realdb import RealDatabase
from tests.world import World, submit

pytestmark = pytest.mark.slow  # real commits, many deaths

STEP = 1 if LONG else 251
ROOMS = ("turns.py", "sites.py", "caps.py", "dispatch.py")


def both(world: World, runs: list[Run]) -> None:
    """A round for each, and one of the sweeper after it."""
    for run in runs:
        go_on(world, run)
        here = Submission.objects.filter(backend="aster", state__in=LIVE_SUBMISSION).count()
        assert here <= 1, "more at once than the cap allows"
        turns.step()


def one(world: World, line: int, runs: int = 2) -> int:
    """Runs that die at a line, recover and end; answers how many lines they have in all."""
    fake.CLOUD.__init__()  # type: ignore[misc]
    cap(1)
    made = [submit(world, parameters={"rounds": 1}) for _ in range(runs)]
    trace, seen = killing_at(line, ROOMS)
    sys.settrace(trace)
    try:
        for _ in range(4):
            both(world, made)
    except Killed:
        sys.settrace(None)
        forget_connection()
    finally:
        sys.settrace(None)
    Turn.objects.exclude(until=None).update(until=db_now() - 1)  # a minute goes by
    for _ in range(6):
        both(world, made)
    ended = [Run.objects.get(pk=run.pk) for run in made]
    assert {run.outcome for run in ended} == {"accepted"}, [run.why for run in ended]
    assert len(fake.CLOUD.jobs) == Submission.objects.count() == runs
    assert not Turn.objects.exists(), "somebody was left in line"
    assert not Reservation.objects.filter(state="held").exists()
    assert Budget.objects.get().pending_micro == 0
    return seen[0]


def test_death_at_any_line_of_a_run_that_waits_for_its_turn(real: RealDatabase) -> None:
    total = one(real.world, -1)
    assert total > 300
    for line in range(1, total, STEP):
        real.fresh()
        one(real.world, line)


def test_the_trial_finds_turns_that_are_given_without_counting_those_on_their_way(
    real: RealDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = sites.site
    monkeypatch.setattr(sites, "site", lambda caps, granted, rule: honest(caps, [], rule))
    with pytest.raises(AssertionError, match="more at once"):
        one(real.world, -1, runs=3)
