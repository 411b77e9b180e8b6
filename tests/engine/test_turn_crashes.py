"""Death at every line while two runs share one place: the cap holds, each is sent once, and nobody waits for ever."""

from __future__ import annotations

import sys

import pytest

from hybridops.backends.models import Breaker
from hybridops.domain import clock
from hybridops.domain.states import LIVE_SUBMISSION, BreakerState
from hybridops.engine import poll
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

STEP, TRIAL_STEP = (1, 1) if LONG else (251, 151)
ROOMS = ("turns.py", "sites.py", "caps.py", "dispatch.py")
TRIAL_ROOMS = ("breakers.py", "breaker.py", "outcomes.py")


def both(world: World, runs: list[Run], at_once: int = 1) -> None:
    """A round for each, and one of the sweeper after it."""
    for run in runs:
        go_on(world, run)
        here = Submission.objects.filter(backend="aster", state__in=LIVE_SUBMISSION).count()
        assert here <= at_once, "more at once than the cap allows"
        turns.step()


def one(world: World, line: int, runs: int = 2, *, trial: bool = False) -> int:
    """Runs that die at a line, recover and end; answers how many lines they have in all. With `trial` it is no cap that
    lets one through: aster is due for its trial, and kelvin is held.
    """
    fake.CLOUD.__init__()  # type: ignore[misc]
    if trial:
        place = {"provider": "scripted", "backend": "aster"}
        Breaker.objects.create(**place, state=BreakerState.OPEN, until=0.0, openings=1)
        Breaker.objects.create(**place | {"backend": "kelvin"}, state=BreakerState.HELD)
    else:
        cap(1)
    made = [submit(world, parameters={"rounds": 1}) for _ in range(runs)]
    trace, seen = killing_at(line, TRIAL_ROOMS if trial else ROOMS)
    sys.settrace(trace)
    try:
        for _ in range(4):
            both(world, made, at_once=runs if trial else 1)
    except Killed:
        sys.settrace(None)
        forget_connection()
    finally:
        sys.settrace(None)
    Turn.objects.exclude(until=None).update(until=db_now() - 1)  # a minute goes by
    for _ in range(6):
        both(world, made, at_once=runs if trial else 1)
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


def test_death_at_any_line_of_a_breaker_loses_nothing_and_no_trial_lasts_for_ever(real: RealDatabase) -> None:
    total = one(real.world, -1, trial=True)
    assert total > 200
    assert Breaker.objects.get(backend="aster").state == BreakerState.CLOSED
    for line in range(1, total, TRIAL_STEP):
        real.fresh()
        one(real.world, line, trial=True)
        row = Breaker.objects.get(backend="aster")
        assert row.state in (BreakerState.CLOSED, BreakerState.OPEN), line
        assert row.state == BreakerState.CLOSED or (row.until or 0.0) <= clock.now().timestamp(), line


def test_the_trial_finds_turns_that_are_given_without_counting_those_on_their_way(
    real: RealDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = sites.site
    # Each run asks about its own jobs, on a slow machine too.
    monkeypatch.setattr(poll, "POLL_SECONDS", (3600.0, 3600.0))
    monkeypatch.setattr(sites, "site", lambda caps, granted, rule: honest(caps, [], rule))
    with pytest.raises(AssertionError, match="more at once"):
        one(real.world, -1, runs=3)
