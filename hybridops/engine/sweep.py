"""The reconciler: whoever stands still too long is called again.

Two of them may run at once: every move is guarded.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from threading import Event
from time import monotonic

from django.conf import settings
from django.db import close_old_connections
from redis import RedisError

from hybridops.approvals import services as approvals
from hybridops.approvals.queries import is_decided
from hybridops.audit import services as audit
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError
from hybridops.domain.states import LIVE_SUBMISSION, StageState, SubmissionState
from hybridops.engine import ladder, poll, traces
from hybridops.engine.firing import fire_due
from hybridops.engine.jobs import observe_provider, poll_provider
from hybridops.engine.jobs import try_storage as ask_for_storage
from hybridops.engine.recall import Recall
from hybridops.engine.turn import my_turn
from hybridops.experiments import conduct, leftovers, plans, retention, sites, summed_days, turns, use
from hybridops.experiments.announce import call
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Stage
from hybridops.experiments.pulse import beating
from hybridops.experiments.transitions import StageMove, apply, return_stages
from hybridops.outbox.ageing import remove_told
from hybridops.quotas import books, burning
from hybridops.quotas.queries import spending_stop

TICK_SECONDS = 0.5
RECALL_SECONDS = 1.0
REMIND_SECONDS = 5.0
ROOM_SECONDS = 5.0  # between two tries of a stage that met a full disk
SCHEDULES_SECONDS = 1.0
EXPIRE_SECONDS = 60.0
BOOKS_SECONDS = 120.0
USE_SECONDS = 3600.0
RETENTION_SECONDS = 24 * 3600.0
TRACE_SECONDS = 10.0
STORAGE_SECONDS = 30.0
TIDY_SECONDS = 60.0
_log = logging.getLogger(__name__)


class Sweeper:
    """Remembers when it last did what."""

    def __init__(self) -> None:
        self.called: dict[str, float] = {}
        self.recall = Recall()
        self.stopped = Event()

    def run_forever(self) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stopped.set())
        with beating("sweep"):
            while not self.stopped.wait(TICK_SECONDS):
                self.tick()
        self._guard(audit.sequence)
        self._guard(audit.seal)

    def tick(self) -> None:
        """One round; a fault in one part does not keep the others from being done."""
        close_old_connections()
        with my_turn():
            self._round()

    def _round(self) -> None:
        waiting = (
            return_expired,
            call_ready(self),
            lapse,
            remind(self),
            wake_forgotten,
            try_for_room(self),
            ladder.climb,
            turns.step,
            expire_left(self),
            look_at_books(self),
            keep_use(self),
            schedules(self),
        )
        tidying = (log(self), retain(self), trace(self), tidy(self))
        for part in (*waiting, call_pollers(self), try_storage(self), *tidying):
            self._guard(part)

    def due(self, name: str, every_seconds: float) -> bool:
        """Whether this was last done longer than so many seconds ago; if so it counts as done now."""
        if monotonic() - self.called.get(name, -1e9) < every_seconds:
            return False
        self.called[name] = monotonic()
        return True

    @staticmethod
    def _guard(part: Callable[[], object]) -> None:
        try:
            part()
        except RedisError as problem:
            _log.warning("the broker is away: %s", problem)
        except Exception:  # the sweeper is what everything else relies on: it must go on
            _log.exception("a part of the sweep failed")


def return_expired() -> None:
    """Stages whose lease has run out go back to the queue."""
    late = Stage.objects.filter(state=StageState.RUNNING, lease_until__lt=db_now())
    return_stages(late, why="its worker was lost", actor=SYSTEM)


def call_ready(sweeper: Sweeper) -> Callable[[], None]:
    """Ready stages whose call was lost are called again."""

    def part() -> None:
        if sweeper.due("recall", RECALL_SECONDS):
            sweeper.recall()

    return part


def lapse() -> None:
    """Open requests past their time end as expired: silence is never a yes."""
    for request in approvals.lapsed():
        conduct.lapse(request_id=request.pk, run_id=request.envelope["run"])


def remind(sweeper: Sweeper) -> Callable[[], None]:
    """Whoever is waited for is told when a quarter of the time has passed, and others when it runs out."""

    def part() -> None:
        if sweeper.due("remind", REMIND_SECONDS):
            conduct.remind()

    return part


def wake_forgotten() -> None:
    """Held stages whose reason has gone: the provider answered, the stop was lifted, the gate was decided."""
    held = Stage.objects.filter(state=StageState.HELD)
    for stage in held.filter(why=conduct.PROVIDER).select_related("run"):
        if not stage.run.submissions.filter(state__in=LIVE_SUBMISSION - {SubmissionState.RESERVED}).exists():
            _wake(stage, "its submission has ended")
    if spending_stop() is None:
        for stage in held.filter(why__startswith=conduct.STOPPED):
            _wake(stage, "QPU spending was resumed")
    for stage in held.filter(why=conduct.APPROVAL):
        if is_decided(conduct.subject(stage.run_id)):
            _wake(stage, "the request was decided")
    for stage in held.filter(why__startswith=conduct.FROZEN):
        request = approvals.open_for(conduct.subject(stage.run_id))
        if request is None or not conduct.frozen(request):
            _wake(stage, "the freeze is over, or the approval is")


def try_for_room(sweeper: Sweeper) -> Callable[[], None]:
    """Stages that met a full disk are tried again now and then: nobody tells when there is room."""

    def part() -> None:
        if sweeper.due("room", ROOM_SECONDS):
            for stage in Stage.objects.filter(state=StageState.HELD, why=conduct.ROOM):
                _wake(stage, "perhaps there is room again")

    return part


def _wake(stage: Stage, why: str) -> None:
    try:
        apply(run_id=stage.run_id, actor=SYSTEM, stages=[StageMove(stage.key, StageState.READY, why)])
    except HybridopsError as problem:
        _log.info("%s was moved meanwhile: %s", stage, problem)


def schedules(sweeper: Sweeper) -> Callable[[], None]:
    """What is due by a schedule is asked for."""

    def part() -> None:
        if sweeper.due("schedules", SCHEDULES_SECONDS):
            fire_due()

    return part


def expire_left(sweeper: Sweeper) -> Callable[[], None]:
    """Promises that an ended run left behind go back to their budgets."""

    def part() -> None:
        if sweeper.due("expire", EXPIRE_SECONDS):
            for run_id in leftovers.left_promised():
                leftovers.expire_left(run_id)

    return part


def look_at_books(sweeper: Sweeper) -> Callable[[], None]:
    """Days that are over are added up, and balances of the open budgets computed anew for the pages; what differs is
    told in the log as well.
    """

    def part() -> None:
        if sweeper.due("books", BOOKS_SECONDS):
            burning.keep_days()
            summed_days.sum_days()
            for one in books.look().differences:
                _log.error("the books differ: %s", one)

    return part


def keep_use(sweeper: Sweeper) -> Callable[[], None]:
    """What teams used until a day ago is added up for the rules of turns."""

    def part() -> None:
        if sweeper.due("use", USE_SECONDS):
            use.keep_use(sites.rules())

    return part


def call_pollers(sweeper: Sweeper) -> Callable[[], None]:
    """Asks a worker to ask the providers: about jobs that are due, and now and then about their backends."""

    def part() -> None:
        waiting = {row.provider for row in poll.due()}
        for key in settings.PROVIDERS:
            if key in waiting and sweeper.due(f"poll {key}", TICK_SECONDS):
                call(f"{poll_provider.__module__}.{poll_provider.__name__}", key, queue="qpu")
            if sweeper.due(f"observe {key}", settings.OBSERVE_SECONDS):
                call(f"{observe_provider.__module__}.{observe_provider.__name__}", key, queue="qpu")

    return part


def try_storage(sweeper: Sweeper) -> Callable[[], None]:
    """While stages wait for the storage of artifacts, a worker asks now and then whether it is back."""

    def part() -> None:
        waiting = Stage.objects.filter(state=StageState.HELD, why__startswith=conduct.STORAGE)
        if waiting.exists() and sweeper.due("storage", STORAGE_SECONDS):
            call(f"{ask_for_storage.__module__}.{ask_for_storage.__name__}", "artifacts", queue="light")

    return part


def tidy(sweeper: Sweeper) -> Callable[[], None]:
    """Each minute a batch of what was told to machines long ago goes."""

    def part() -> None:
        if sweeper.due("tidy", TIDY_SECONDS):
            remove_told()

    return part


def retain(sweeper: Sweeper) -> Callable[[], None]:
    """Once a day, and after a start: bytes whose time is over are removed, and SQLite looks at its tables."""

    def part() -> None:
        if sweeper.due("retention", RETENTION_SECONDS):
            retention.remove_due()
            plans.look_at_tables()

    return part


def trace(sweeper: Sweeper) -> Callable[[], None]:
    """The traces of runs that ended go to the collector, where one is set."""

    def part() -> None:
        if settings.OTLP_ENDPOINT and sweeper.due("traces", TRACE_SECONDS):
            traces.export_ended()

    return part


def log(sweeper: Sweeper) -> Callable[[], None]:
    """Gives new events their place, and seals them under a signed root."""

    def part() -> None:
        while audit.sequence() == audit.SEQUENCE_MAX:
            pass
        if sweeper.due("seal", settings.SEAL_SECONDS):
            audit.seal()

    return part
