"""What somebody who helps from outside needs to see, and nothing about anybody: everything is left out that is not
named here. No person, title, address, host, reason or secret is in it; numbers, states, kinds and our own words are.
"""

from __future__ import annotations

import io
import json
import os
import platform
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count

from hybridops.audit.models import AuditEvent
from hybridops.backends.breakers import breakers
from hybridops.cli import support_logs
from hybridops.domain import clock
from hybridops.engine import readings
from hybridops.engine.levels import standings
from hybridops.engine.signatures import verify_all
from hybridops.experiments import conduct, pulse
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.books import differences
from hybridops.quotas.queries import spending_stop

EVENTS_MAX = 200
# Plain numbers and switches. What is not named here is not told, whatever it is called.
SETTINGS = (
    "DEMO", "DEBUG", "HTTPS", "SECOND_FACTOR_REQUIRED", "OBSERVE_SECONDS", "SEAL_SECONDS", "RETENTION_DAYS",
    "OUTBOX_DAYS", "ORGANISATION_TIME_ZONE", "FOUR_EYES_MICRO", "TRIGGERS_OF_A_TEAM", "HOOK_CALLS_A_MINUTE",
    "API_CALLS_A_MINUTE", "WEBHOOKS_INSIDE", "FILE_UPLOAD_MAX", "ALLAUTH_TRUSTED_PROXY_COUNT",
)  # fmt: skip
WHETHER = ("OTLP_ENDPOINT", "TRACE_URL", "METRICS_TOKEN", "AUDIT_MAIL", "BROKERS", "SOCIALACCOUNT_PROVIDERS")
_HELD = (conduct.STOPPED, conduct.APPROVAL, conduct.FROZEN, conduct.PROVIDER, conduct.TURN, conduct.STORAGE)


def bundle(file: Path, *, verify: bool = True) -> list[str]:
    """Writes the bundle into a new file, readable by its owner; what is in it. A part that fails says how."""
    parts: dict[str, Callable[[], object]] = {**PARTS, **({"verify.json": _verified} if verify else {})}
    texts = {name: json.dumps(_safely(make), indent=1, default=str) for name, make in parts.items()}
    for log in sorted((Path(settings.HOME) / "logs").glob("*.log")):
        texts[f"logs/{len(texts):03}-{_kind_of(log)}.log"] = "\n".join(support_logs.told(log))
    handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in texts.items():
            _add(tar, f"hybridops-support/{name}", text.encode())
    return sorted(texts)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), 0o600, int(clock.now().timestamp())
    tar.addfile(entry, io.BytesIO(data))


def _safely(make: Callable[[], object]) -> object:
    try:
        return make()
    except (
        Exception
    ) as problem:  # the house is ill, or nobody would ask: the other parts are all the more needed
        return {"failed": type(problem).__name__}


def _kind_of(log: Path) -> str:
    """What wrote it, where that is one of our processes."""
    kind = log.stem.partition("-")[0]
    return kind if kind in ("web", "worker", "sweep", "courier", "simulator", "broker") else "other"


def _versions() -> Mapping[str, object]:
    packages = {one.metadata["Name"]: one.version for one in distributions() if one.metadata["Name"]}
    return {
        "hybridops": pulse.version(),
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": f"{connection.vendor} {_database_version()}",
        "packages": dict(sorted(packages.items())),
        "made_at": clock.now(),
    }


def _database_version() -> str:
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        return str(connection.connection.info.server_version)
    import sqlite3

    return sqlite3.sqlite_version


def _platform() -> Mapping[str, object]:
    told = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "memory_bytes": told,
        "byte_order": sys.byteorder,
        "room": asdict(readings.room()),
    }


def _settings() -> Mapping[str, object]:
    named = {name: getattr(settings, name, None) for name in SETTINGS}
    return {
        **named,
        "set": {name: bool(getattr(settings, name, None)) for name in WHETHER},
        "providers": sorted(path for path, _ in settings.PROVIDERS.values()),
        "database_engine": settings.DATABASES["default"]["ENGINE"],
        "artifacts": settings.STORAGES["artifacts"]["BACKEND"],
        "broker": urlsplit(settings.REDIS_URL).scheme,
        "not_told": sorted(name for name in dir(settings) if name.isupper() and name not in SETTINGS),
    }


def _work() -> Mapping[str, object]:
    heard, stop = readings.processes(), spending_stop()
    return {
        "queues": [asdict(one) for one in readings.lanes(heard)],
        "processes": None if heard is None else [_process(one) for one in heard],
        "leaving": [asdict(one) for one in readings.leaving()],
        "held": _held(),
        "runs": dict(Run.objects.order_by().values_list("state").annotate(Count("pk"))),
        "submissions": dict(Submission.objects.order_by().values_list("state").annotate(Count("pk"))),
        "spending_stopped_since": stop.made_at if stop else None,
        "levels": {
            one.level.key: {name: asdict(told) for name, told in one.counts.items()} for one in standings()
        },
    }


def _process(one: pulse.Pulse) -> Mapping[str, object]:
    return {"kind": one.kind, "version": one.version, "heard_seconds_ago": round(one.age_s), "lost": one.lost}


def _held() -> Mapping[str, int]:
    """By our own words; whatever stands behind them, or instead of them, is not told."""
    sums: dict[str, int] = {}
    for why, count in readings.held():
        known = next((word for word in _HELD if why and word.startswith(why)), "other")
        sums[known] = sums.get(known, 0) + count
    return sums


def _breakers() -> list[Mapping[str, object]]:
    return [
        {"provider": row.provider, "backend": row.backend, "state": row.state, "since": row.since,
         "until": row.until, "openings": row.openings}
        for row in breakers().values()
    ]  # fmt: skip


def _migrations() -> Mapping[str, object]:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {
        "applied": sorted(f"{app}.{name}" for app, name in executor.loader.applied_migrations),
        "waiting": [str(migration) for migration, _ in waiting],
    }


def _events() -> list[Mapping[str, object]]:
    """The newest ones by kind: no number, actor or text."""
    rows = AuditEvent.objects.order_by("-at", "-id").values_list("at", "action", "actor", "stream")
    return [
        {"at": at, "action": action, "by": actor.partition(":")[0], "about": stream.partition(":")[0]}
        for at, action, actor, stream in rows[:EVENTS_MAX]
    ]


def _books() -> Mapping[str, object]:
    return {"differences": len(differences())}


def _verified() -> Mapping[str, object]:
    report = verify_all()
    counts = {name: getattr(report, name) for name in ("events", "leaves", "sealed", "tail", "first_bad")}
    return {"verified": report.verified, "findings": len(report.findings), **counts}


PARTS: Mapping[str, Callable[[], object]] = {
    "versions.json": _versions,
    "platform.json": _platform,
    "settings.json": _settings,
    "work.json": _work,
    "breakers.json": _breakers,
    "migrations.json": _migrations,
    "events.json": _events,
    "books.json": _books,
}
