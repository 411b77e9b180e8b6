"""Workers, pollers, sweepers and one who cancels at one cap, or at breakers on trial, all at once: how many were ever there, whether
everybody came through, and whether the database ever had to break a circle of waiting.

As a program, `python -m tests.engine.turn_race`, in a database of its own: PostgreSQL lets them really meet.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Thread
from time import monotonic
from typing import Any

RUNS, AT_ONCE, POLLERS, SECONDS_MAX = 5, 2, 3, 90.0


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    import django

    django.setup()
    from django.conf import settings

    from hybridops.experiments.announce import silence

    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    from tests.migrated import set_up

    set_up()
    if "trial" in sys.argv:
        settings.SCHEDULING = {"breaker": {"open_seconds": 0.05}}
    with silence():
        print(json.dumps(raced(trial="trial" in sys.argv)))


def raced(*, trial: bool) -> dict[str, Any]:
    """The most that were there at once, how each run ended, and what was left. With `trial` no cap is set, but every
    breaker is open and its time over, and the first trial fails as well.
    """
    from hybridops.experiments.models import Run, Submission, Turn
    from hybridops.quotas.models import Reservation
    from tests.engine import fake
    from tests.engine.turning import cap

    runs = _approved()
    if trial:
        _open_all()
        fake.CLOUD.script = ["refused"]
    else:
        cap(AT_ONCE)
    seen: list[int] = []
    faults: list[str] = []
    unwanted = runs[-1]
    works = [*[_worker(pk) for pk in runs], *[_poller(runs)] * POLLERS, _sweeper(), _sweeper()]
    _together([*works, _canceller(unwanted), _watcher(seen)], runs, faults)
    return {
        "most": max(seen), "looks": len(seen), "faults": faults, "left": Turn.objects.count(),
        "deadlocks": _deadlocks(), "held": Reservation.objects.filter(state="held").count(),
        "outcomes": sorted(Run.objects.values_list("outcome", flat=True)),
        "jobs": len(fake.CLOUD.jobs), "submissions": Submission.objects.count(), "trials": _trials(),
    }  # fmt: skip


def _open_all() -> None:
    from hybridops.backends.models import Breaker
    from hybridops.domain.states import BreakerState

    for name in ("aster", "kelvin"):
        Breaker.objects.create(
            provider="scripted", backend=name, state=BreakerState.OPEN, until=0.0, openings=1
        )


def _trials() -> dict[str, list[Any]]:
    """Of each breaker: its moves in order, how many trials there were, how many were sent before it closed."""
    from hybridops.backends.models import Breaker
    from hybridops.experiments.models import Submission

    found = {}
    for row in Breaker.objects.all():
        moves = list(row.moves.order_by("id"))
        closed = next((move.made_at for move in moves if move.target == "closed"), None)
        sent = Submission.objects.filter(backend=row.backend)
        before = sent.filter(sent_at__lt=closed) if closed else sent
        trials = sum(move.target == "half_open" for move in moves)
        found[row.backend] = [[[move.source, move.target] for move in moves], trials, before.count()]
    return found


def _approved() -> list[int]:
    """Runs whose QPU stage is ready and whom nobody has driven there."""
    from hybridops.approvals.queries import by_subject
    from hybridops.engine.inline import drive
    from hybridops.experiments import conduct, services
    from tests.presence import here
    from tests.world import make_world, submit

    world, runs = make_world(), []
    for _ in range(RUNS):
        run = submit(world, parameters={"rounds": 1})
        drive(run.pk)
        request = by_subject(conduct.subject(run.pk))
        assert request is not None
        services.decide(
            user=world.mikkel, presence=here(), request_id=request.pk, verdict="approve",
            digest_shown=request.digest, reason="as planned",
        )  # fmt: skip
        runs.append(run.pk)
    return runs


def _worker(pk: int) -> Callable[[], None]:
    from hybridops.engine.inline import drive

    def go_on() -> None:
        drive(pk)

    return go_on


def _poller(runs: list[int]) -> Callable[[], None]:
    """Brings results and bills home: the bill of a run meets its end."""
    from hybridops.engine.inline import ask_providers

    def ask() -> None:
        for pk in runs:
            ask_providers(pk)

    return ask


def _canceller(pk: int) -> Callable[[], None]:
    """Who asked for it changes their mind while it is at work."""
    from hybridops.experiments import services
    from hybridops.experiments.models import Run, Submission

    def cancel() -> None:
        if Submission.objects.filter(run=pk).exists():
            services.cancel(user=Run.objects.get(pk=pk).requested_by, run_id=pk)

    return cancel


def _deadlocks() -> int:
    """How often PostgreSQL had to break a circle of waiting in this database."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        (found,) = cursor.fetchone()
    return int(found)


def _sweeper() -> Callable[[], None]:
    from hybridops.engine import sweep

    def sweep_once() -> None:
        sweep.turns.step()
        sweep.wake_forgotten()

    return sweep_once


def _watcher(seen: list[int]) -> Callable[[], None]:
    from hybridops.domain.states import LIVE_SUBMISSION
    from hybridops.experiments.models import Submission

    return lambda: seen.append(Submission.objects.filter(state__in=LIVE_SUBMISSION).count())


def _is_open(runs: list[int]) -> bool:
    """Whether a run has not ended, or a bill has not come."""
    from hybridops.experiments.models import Run, Submission

    ended = not Run.objects.filter(pk__in=runs, outcome="").exists()
    return not ended or Submission.objects.filter(settled=False).exists()


def _together(works: list[Callable[[], None]], runs: list[int], faults: list[str]) -> None:
    """Each again and again on a connection of its own, until every run has ended."""
    from django.db import connection

    from hybridops.domain.errors import Conflict, Fenced, IllegalMove

    over = Event()

    def again(work: Callable[[], None]) -> None:
        while not over.is_set():
            try:
                work()
            except (Conflict, Fenced, IllegalMove):
                continue  # somebody else was first
            except Exception as problem:
                faults.append(f"{type(problem).__name__}: {problem}")
            over.wait(0.01)
        connection.close()

    threads = [Thread(target=copy_context().run, args=(again, work)) for work in works]
    for thread in threads:
        thread.start()
    until = monotonic() + SECONDS_MAX
    while monotonic() < until and _is_open(runs):
        over.wait(0.1)
    over.set()
    for thread in threads:
        thread.join(30)


if __name__ == "__main__":
    main()
