"""What stands between work and its end: queues, processes, what leaves, what is held back, and room to keep things."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q, Sum
from redis import RedisError
from rq import Queue

from hybridops.artifacts.models import Artifact
from hybridops.audit import queries as trail
from hybridops.domain import clock
from hybridops.domain.states import NoticeState, StageState
from hybridops.experiments import pulse
from hybridops.experiments.announce import broker_for_pages
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Stage
from hybridops.outbox.models import Delivery, Message, Publication

STUCK_SECONDS = 300.0
RECORDS = "Records without a signed root"
_S, _N = StageState, NoticeState
_KINDS = (("Mails", Message), ("Webhook calls", Delivery), ("Events to brokers", Publication))


@dataclass(frozen=True, slots=True)
class Lane:
    """One queue of stages. `oldest_s`: how long the first ready one waits; `workers` None while nobody can tell."""

    name: str
    ready: int
    running: int
    lost: int
    oldest_s: float | None
    calls: int | None
    workers: int | None

    @property
    def stuck(self) -> bool:
        return bool(self.ready and (self.workers == 0 or (self.oldest_s or 0.0) > STUCK_SECONDS))


def processes() -> list[pulse.Pulse] | None:
    """Everybody who was heard lately; None while the broker, through which they speak, is away."""
    try:
        return pulse.pulses()
    except RedisError:
        return None


def lanes(heard: list[pulse.Pulse] | None) -> list[Lane]:
    now = db_now()
    rows = (
        Stage.objects.filter(state__in=(_S.READY, _S.RUNNING))
        .order_by()
        .values("queue")
        .annotate(
            ready=Count("pk", filter=Q(state=_S.READY)),
            running=Count("pk", filter=Q(state=_S.RUNNING)),
            lost=Count("pk", filter=Q(state=_S.RUNNING, lease_until__lt=now)),
            first=Min("ready_since", filter=Q(state=_S.READY)),
        )
    )
    found: dict[str, dict[str, Any]] = {row["queue"]: {**row} for row in rows}
    calls = {} if heard is None else _calls()
    alive = None if heard is None else Counter(one.kind for one in heard if not one.lost)
    return [_lane(name, found.get(name, {}), calls.get(name), alive, now) for name in settings.RQ_QUEUES]


def _lane(name: str, row: dict[str, Any], calls: int | None, alive: Counter[str] | None, now: float) -> Lane:
    first = row.get("first")
    return Lane(
        name=name,
        ready=row.get("ready", 0),
        running=row.get("running", 0),
        lost=row.get("lost", 0),
        oldest_s=None if first is None else max(0.0, now - first),
        calls=calls,
        workers=None if alive is None else alive[f"worker {name}"],
    )


def _calls() -> dict[str, int]:
    try:
        return {name: Queue(name, connection=broker_for_pages()).count for name in settings.RQ_QUEUES}
    except RedisError:
        return {}


@dataclass(frozen=True, slots=True)
class Leaving:
    """One way out of the house. `oldest_at` is of those that should have left; `dead` waits for a person."""

    name: str
    waiting: int
    oldest_at: datetime | None
    dead: int


def leaving() -> Iterator[Leaving]:
    """What was written and has not arrived: records that wait for a seal, mails, calls, events."""
    log = trail.state()
    yield Leaving(RECORDS, log.tail, log.made_at if log.tail else None, 0)
    due = Q(state=_N.QUEUED) & (Q(next_at__lte=clock.now()) | Q(attempts__gt=0))
    for name, kind in _KINDS:
        told = kind._default_manager.aggregate(
            waiting=Count("pk", filter=Q(state=_N.QUEUED)),
            oldest=Min("made_at", filter=due),
            dead=Count("pk", filter=Q(state=_N.GIVEN_UP)),
        )
        yield Leaving(name, told["waiting"], told["oldest"], told["dead"])


@dataclass(frozen=True, slots=True)
class Room:
    """What is kept. `free_bytes` is of the data folder's disk, `database_bytes` None where nobody can tell."""

    artifacts: int
    artifact_bytes: int
    database_bytes: int | None
    free_bytes: int
    where: str


def room() -> Room:
    told = Artifact.objects.filter(removed_at=None).aggregate(n=Count("pk"), size=Sum("size"))
    kept_in = settings.STORAGES["artifacts"]["BACKEND"]
    where = "a folder" if kept_in.endswith("FileSystemStorage") else "an object store"
    free = shutil.disk_usage(settings.HOME).free
    return Room(told["n"], told["size"] or 0, _database_bytes(), free, where)


def _database_bytes() -> int | None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    file = Path(str(connection.settings_dict["NAME"]))
    return file.stat().st_size if file.is_file() else None


def held() -> list[tuple[str, int]]:
    """Why stages are held, and how many; the words before a colon say what for."""
    rows = Stage.objects.filter(state=_S.HELD).order_by().values_list("why").annotate(n=Count("pk"))
    sums: Counter[str] = Counter()
    for why, count in rows:
        sums[why.partition(":")[0]] += count
    return sums.most_common()


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def ago(seconds: float) -> datetime:
    """The moment that lies so far back."""
    return datetime.fromtimestamp(clock.now().timestamp() - seconds, UTC)
