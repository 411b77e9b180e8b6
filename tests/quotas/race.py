"""Sixteen writers against one tree of budgets, as a program: `python -m tests.quotas.race` in a database of its own.

Each writer reserves, then settles, releases or leaves it, over and over; some bring the same key. Each is killed once
with SIGKILL before a statement of its own, wherever its transaction stands, and begins anew with the same keys. At
the end the books must agree to the micro-dollar, and no budget may ever have stood above its limit.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

WRITERS, ROUNDS, EACH = 16, 20, 16_000
LIMITS = {"organisation": 1_200_000, "team": 1_000_000, "project": 900_000}
LIMIT_SHOTS = 70
STATEMENTS = 120  # a writer is killed before one of so many


class Killing:
    """A wrapper around statements: before the chosen one the process ends at once."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)


def write(number: int, life: int, folder: Path) -> None:
    """One writer in a process of its own; its first life ends in the middle."""
    from django.db import connection

    rng = random.Random(f"{number}-{life}")
    if life == 0:
        with connection.execute_wrapper(Killing(rng.randint(1, STATEMENTS))):
            told = _rounds(number, rng)
    else:
        told = _rounds(number, rng)
    (folder / f"{number}.json").write_text(json.dumps(told))


def _rounds(number: int, rng: random.Random) -> dict[str, Any]:
    from hybridops.domain.actors import SYSTEM
    from hybridops.domain.errors import Conflict, NoRoom
    from hybridops.quotas import services
    from hybridops.quotas.models import Budget
    from hybridops.teams.models import Project

    project, refused, above = Project.objects.get(), 0, []
    for n in range(ROUNDS):
        key = f"shared-{n}" if n % 5 == 0 else f"{number}-{n}"
        try:
            services.reserve(
                key=key, run_id=1, what="race", amount_micro=EACH, shots=1, team_id=project.team_id,
                project_id=project.pk, backend="", price_book="b", actor=SYSTEM,
            )  # fmt: skip
        except NoRoom:
            refused += 1
            continue
        for row in Budget.objects.all():
            shots = row.pending_shots + row.posted_shots
            if row.pending_micro + row.posted_micro > row.limit_micro or shots > (row.limit_shots or shots):
                above.append(f"{row.name} {row.pending_micro} {row.posted_micro} {shots}")
        try:
            if key.startswith("shared"):
                continue
            if rng.random() < 0.5:
                services.settle(key=key, billed_micro=rng.randint(0, EACH), shots=1, actor=SYSTEM)
            elif rng.random() < 0.5:
                services.release(key=key, why="race", actor=SYSTEM)
        except Conflict:
            pass  # its first life ended it otherwise
    return {"refused": refused, "above": above}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    import django

    django.setup()
    from django.db import connection

    from hybridops.quotas.books import differences
    from hybridops.quotas.models import LedgerEntry, Reservation
    from tests.migrated import set_up

    set_up()
    _found()
    connection.close()  # a child must not share it
    folder = Path(os.environ["HYBRIDOPS_HOME"]) / "race"
    folder.mkdir()
    killed = sum(code == -signal.SIGKILL for code in _lives(0, folder))
    ended = _lives(1, folder)
    told = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    json.dump(
        {
            "killed": killed,
            "ended": ended,
            "refused": sum(one["refused"] for one in told),
            "above": [line for one in told for line in one["above"]],
            "differences": [str(one) for one in differences()],
            "reserves": LedgerEntry.objects.filter(kind="RESERVE", unit="micro").count(),
            "reservations": Reservation.objects.count(),
            "budgets": len(LIMITS),
        },
        sys.stdout,
    )


def _lives(life: int, folder: Path) -> list[int | None]:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write, args=(n, life, folder)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    return [writer.exitcode for writer in writers]


def _found() -> None:
    from datetime import timedelta

    from hybridops.domain import clock
    from hybridops.domain.actors import SYSTEM
    from hybridops.quotas.limits import open_budget
    from hybridops.teams import services as teams

    team = teams.add_team(slug="t", name="T", actor=SYSTEM)
    project = teams.add_project(team=team, slug="p", name="P", actor=SYSTEM)
    today = clock.now().date()
    for name, limit in LIMITS.items():
        open_budget(
            team_id=None if name == "organisation" else team.pk,
            project_id=project.pk if name == "project" else None,
            name=name, limit_micro=limit, limit_shots=LIMIT_SHOTS if name == "team" else None,
            starts_on=today - timedelta(days=1), ends_on=today + timedelta(days=1), actor=SYSTEM,
        )  # fmt: skip


if __name__ == "__main__":
    main()
