"""Ninety days of runs, made by the real services at told moments from real, recorded compute.

Every ending occurs. Nothing is inserted: each run is submitted, checked, computed, asked about, decided,
sent, scored and settled by the same code that does so now, and the log verifies afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from hybridops.approvals.queries import by_subject
from hybridops.audit.services import seal, sequence
from hybridops.backends.services import observe
from hybridops.cli.rehearsal.people import HISTORY_DAYS, add_snapshot
from hybridops.cli.rehearsal.problems import DAILY, PROBLEMS, WHY_ANYWAY
from hybridops.domain import clock
from hybridops.domain.presence import Method, Presence
from hybridops.domain.risk import EXEMPT
from hybridops.domain.states import RequestState
from hybridops.engine import intake, wiring
from hybridops.engine.inline import ask_providers, drive
from hybridops.engine.sweep import lapse
from hybridops.engine.turn import my_turn
from hybridops.experiments import conduct, services
from hybridops.experiments.announce import silence
from hybridops.experiments.models import Run
from hybridops.experiments.services import Wanted
from hybridops.teams.models import User

SEED = 20260101
PATHS = (
    ("approve", 60),
    ("needless", 10),
    ("narrow", 8),
    ("reject", 6),
    ("changes", 4),
    ("lapse", 5),
    ("cancel", 4),
    ("fails", 5),
    ("partial", 4),
    ("refused", 4),
)
REVIEWERS = ("mikkel", "ada", "noor")


@dataclass(frozen=True, slots=True)
class Planned:
    """One run of the history: who, when, what, and how it goes."""

    number: int
    at: datetime
    analyst: str
    problem: str
    path: str
    backend: str
    shots: int
    seed: int
    fallback: str
    reviewer: str
    wait_minutes: int
    priority: str


def plan(now: datetime) -> list[Planned]:
    """The same runs at every start; only the days move with today."""
    rng = random.Random(SEED)  # noqa: S311  # a story, not a secret
    runs: list[Planned] = []
    for day in range(HISTORY_DAYS, 0, -1):
        for _ in range(rng.choice((1, 1, 2, 2, 3) if day > 30 else (2, 2, 3, 3, 4))):
            # Nothing is older than the world it happens in: at some days of a year no budget was open before.
            at = now - timedelta(days=day) + timedelta(hours=rng.uniform(-3, 8))
            at = max(at, now - timedelta(days=HISTORY_DAYS))
            runs.append(_one(rng, len(runs), min(at, now - timedelta(hours=9))))
    return _with_waves(sorted(runs, key=lambda run: run.at))


def _with_waves(runs: list[Planned]) -> list[Planned]:
    """Two of three runs are about a wave of their day: each wave is asked about two or three times, days apart."""
    waves, told = sorted(DAILY), 0
    for place, run in enumerate(runs):
        if run.number % 3:
            runs[place] = replace(run, problem=waves[told % len(waves)], seed=1)
            told += 1
    return runs


def _one(rng: random.Random, number: int, at: datetime) -> Planned:
    names, weights = zip(*PATHS, strict=True)
    path = rng.choices(names, weights)[0]
    return Planned(
        number=number,
        at=at,
        analyst=rng.choice(("ines", "tomas")),
        problem=rng.choice(sorted(PROBLEMS)),
        path=path,
        backend=rng.choice(("ideal", "heron-torino", "heron-torino", "nighthawk-miami"))
        if path in ("approve", "cancel")
        else "heron-torino",
        shots=rng.choice((64, 256, 512)),
        seed=rng.randint(1, 2),
        fallback=rng.choice(("classical", "stop")),
        reviewer=rng.choice(REVIEWERS),
        wait_minutes=rng.choice((4, 7, 12, 25, 40, 95)),
        priority=rng.choice(("validation", "production")) if path == "needless" else EXEMPT,
    )


def make(now: datetime) -> Iterator[tuple[int, int]]:
    """Makes what is missing of the history and tells after each run how far it is; safe to stop anywhere."""
    wiring.record_in(Path(settings.HOME) / "recordings")
    with silence():
        observe(wiring.provider("local").backends())
        planned = plan(now)
        for done, run in enumerate(planned, start=1):
            with my_turn():
                _make_one(run)
            yield done, len(planned)
        while sequence():
            pass
        seal()


def _make_one(run: Planned) -> None:
    """A run that a stop cut short is cancelled: its moment has passed."""
    begun = Run.objects.filter(submit_key=_key(run)).first()
    if begun is None:
        _live(run)
    elif not begun.outcome:
        services.cancel(user=begun.requested_by, run_id=begun.pk)


def _key(run: Planned) -> str:
    return f"history-{run.number}"


def _live(told: Planned) -> None:
    """One run from its submit to its end, each act at its own moment."""
    with clock.at(told.at):
        user = User.objects.get(username=told.analyst)
        made = intake.submit(user=user, workflow_name="routing", wanted=_wanted(told), submit_key=_key(told))
        drive(made.pk)
        clock.advance(told.wait_minutes * 60)
        _answer(told, made, user)
        _finish(told, made)


def _wanted(told: Planned) -> Wanted:
    problem = (PROBLEMS | DAILY)[told.problem]
    snapshot = add_snapshot(told.analyst, problem.project, problem.name, problem.data(), problem.filename)
    return Wanted(
        project_id=snapshot.project_id,
        snapshot_id=snapshot.pk,
        title=f"{problem.name}, {told.at:%d %b}",
        business_outcome=problem.outcome,
        parameters={"shots": told.shots, "qubits_max": 8, "baseline_seconds": 0.5},
        seed=told.seed,
        backend=told.backend,
        priority_class=told.priority,
        fallback=told.fallback,
        deadline=None,
        cost_max_micro=20_000_000,
        anyway=WHY_ANYWAY if told.priority == EXEMPT else "",
    )


def _answer(told: Planned, run: Run, user: User) -> None:
    """What people do with the question, if there is one."""
    request = by_subject(conduct.subject(run.pk))
    if told.path == "cancel" and not Run.objects.get(pk=run.pk).outcome:
        services.cancel(user=user, run_id=run.pk)
        return
    if request is None or request.state != RequestState.PENDING:
        return
    if told.path == "lapse":
        clock.advance(7 * 3600)
        lapse()
        return
    verdict, reason, limits = _verdict(told)
    services.decide(
        user=User.objects.get(username=told.reviewer),
        request_id=request.pk,
        verdict=verdict,
        digest_shown=request.digest,
        presence=Presence(Method.REHEARSAL, clock.now()),
        reason=reason,
        limits=limits,
    )


def _verdict(told: Planned) -> tuple[str, str, dict[str, Any]]:
    if told.path == "reject":
        return "reject", "The same question was answered last week; nothing new would be learnt.", {}
    if told.path == "changes":
        return "changes", "Try the ideal simulator first, then ask again with fewer shots.", {}
    if told.path == "narrow" and told.shots > 64:
        return "narrow", "A quarter of the shots is enough to see it.", {"shots_max": told.shots // 4}
    return "approve", "", {}


def _finish(told: Planned, run: Run) -> None:
    """The provider's part, until the run has ended and its bill is booked."""
    provider: Any = wiring.provider("local")
    provider.fate = told.path if told.path in ("fails", "partial", "refused") else ""
    try:
        for _ in range(6):
            drive(run.pk)
            clock.advance(30)
            ask_providers(run.pk)
    finally:
        provider.fate = ""
