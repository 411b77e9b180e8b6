"""Schedulers at once, as a program: `python -m tests.engine.schedulers` in a database of its own.

Three processes fire what is due, over and over; two are killed with SIGKILL before a statement of theirs. What there
is at the end is printed: one firing a due time, and one run each.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
from datetime import timedelta
from time import monotonic
from typing import Any

from tests.quotas.race import Killing

SCHEDULES, PROCESSES = 6, 3


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from hybridops.audit.models import AuditEvent
    from hybridops.experiments.announce import silence
    from hybridops.experiments.models import Run
    from hybridops.triggers.models import Firing, Schedule

    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    from tests.migrated import set_up

    set_up()
    with silence():
        _found()
        connection.close()
        killed = [code == -signal.SIGKILL for code in _lives(0)]
        ended = _lives(1)
    json.dump(
        {
            "killed": sum(killed),
            "ended": ended,
            "firings": Firing.objects.count(),
            "made": Firing.objects.exclude(run=None).values("run").distinct().count(),
            "runs": Run.objects.count() - 1,  # without the template
            "due": Schedule.objects.filter(next_at__lte=_now()).count(),
            "events": AuditEvent.objects.filter(action="schedule.fired").count(),
        },
        sys.stdout,
    )


def _now() -> Any:
    from hybridops.domain import clock

    return clock.now()


def _found() -> None:
    from hybridops.triggers import services
    from hybridops.triggers.models import Schedule
    from tests.world import make_world, submit

    world = make_world()
    template = submit(world)
    for _ in range(SCHEDULES):
        services.add_schedule(
            user=world.ines, template=template, cron="0 0 1 1 *", zone="UTC", catch_up=True, newest_data=False
        )
    Schedule.objects.update(next_at=_now() - timedelta(seconds=1))


def scheduler(number: int, life: int) -> None:
    from django.db import connection

    from hybridops.engine.firing import fire_due
    from hybridops.triggers.models import Schedule

    left = random.Random(number).randint(3, 25) if life == 0 and number else 0
    until = monotonic() + 20
    with connection.execute_wrapper(Killing(left)):
        while Schedule.objects.filter(next_at__lte=_now()).exists() and monotonic() < until:
            fire_due()


def _lives(life: int) -> list[int | None]:
    context = multiprocessing.get_context("fork")
    found = [context.Process(target=scheduler, args=(n, life)) for n in range(PROCESSES)]
    for one in found:
        one.start()
    for one in found:
        one.join(timeout=60)
    return [one.exitcode for one in found]


if __name__ == "__main__":
    main()
