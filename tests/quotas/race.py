"""Sixteen writers against one budget, as a program: `python -m tests.quotas.race` in a database of its own.

Each writer reserves, then settles or releases, over and over; some bring the same key. At the end the
budget must add up to the micro-dollar and must never have stood above its limit.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
from typing import Any

WRITERS, ROUNDS, LIMIT, EACH = 16, 20, 1_000_000, 16_000


def write(number: int, results: Any) -> None:
    """One writer in a process of its own."""
    import django

    django.setup()
    from hybridops.domain.actors import SYSTEM
    from hybridops.domain.errors import NoRoom
    from hybridops.quotas import services
    from hybridops.quotas.models import Budget
    from hybridops.teams.models import Project

    project = Project.objects.get()
    rng = random.Random(number)
    got = refused = worst = 0
    for n in range(ROUNDS):
        key = f"shared-{n}" if n % 5 == 0 else f"{number}-{n}"
        try:
            services.reserve(
                key=key, run_id=1, what="race", amount_micro=EACH, team_id=project.team_id,
                project_id=project.pk, backend="", price_book="b", actor=SYSTEM,
            )  # fmt: skip
        except NoRoom:
            refused += 1
            continue
        got += 1
        budget = Budget.objects.get()
        worst = max(worst, budget.pending_micro + budget.posted_micro)
        if key.startswith("shared"):
            continue
        if rng.random() < 0.5:
            services.settle(key=key, billed_micro=rng.randint(0, EACH), actor=SYSTEM)
        elif rng.random() < 0.5:
            services.release(key=key, why="race", actor=SYSTEM)
    results.put((got, refused, worst))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from hybridops.quotas.models import Budget, LedgerEntry, Reservation

    call_command("migrate", verbosity=0)
    _found()
    connection.close()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    writers = [context.Process(target=write, args=(n, results)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    told = [results.get(timeout=120) for _ in writers]
    for writer in writers:
        writer.join()
    budget = Budget.objects.get()
    held = sum(Reservation.objects.filter(state="held").values_list("amount_micro", flat=True))
    spent = sum(Reservation.objects.filter(state="settled").values_list("settled_micro", flat=True))
    json.dump(
        {
            "refused": sum(row[1] for row in told),
            "worst": max(row[2] for row in told),
            "limit": LIMIT,
            "held": held, "pending": budget.pending_micro,
            "spent": spent, "posted": budget.posted_micro,
            "reserves": LedgerEntry.objects.filter(kind="RESERVE").count(),
            "reservations": Reservation.objects.count(),
        },
        sys.stdout,
    )  # fmt: skip


def _found() -> None:
    from datetime import timedelta

    from hybridops.domain import clock
    from hybridops.domain.actors import SYSTEM
    from hybridops.quotas.services import open_budget
    from hybridops.teams import services as teams

    team = teams.add_team(slug="t", name="T", actor=SYSTEM)
    teams.add_project(team=team, slug="p", name="P", actor=SYSTEM)
    today = clock.now().date()
    open_budget(
        team_id=team.pk, name="B", limit_micro=LIMIT, starts_on=today - timedelta(days=1),
        ends_on=today + timedelta(days=1), actor=SYSTEM,
    )  # fmt: skip


if __name__ == "__main__":
    main()
