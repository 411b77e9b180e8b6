"""Whether a clock tells what is there: times of two refusals that must look alike, in turns, through the whole application.

Each figure is Yuen's t (Welch's after a tenth of each tail was left out, which a busy machine needs) and the difference of
the medians; beyond 3 a clock would tell. HYBRIDOPS_BENCH_PAIRS is how many pairs an address gets, 5,000 without it; those with a
password in them take 100. The server's part alone: a network only adds to the noise.
"""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

from tests.bench.apart import figures_apart, told

PAIRS = int(os.environ.get("HYBRIDOPS_BENCH_PAIRS", "5000"))
HASHED = min(PAIRS, 100)


def figures() -> Iterator[dict[str, Any]]:
    return figures_apart(__name__)


def main() -> None:
    import django

    django.setup()
    logging.disable(logging.WARNING)  # there is no broker here, which every call over the API would tell
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    settings.API_CALLS_A_MINUTE = 10**9
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECOND_FACTOR_REQUIRED = False
    from tests.world import make_world

    world = make_world()
    _names(world)
    _objects(world)


def _names(world: Any) -> None:
    """A wrong password beside a name that nobody has; a wrong secret beside an unknown client."""
    from django.test import Client

    from hybridops.domain.actors import SYSTEM
    from hybridops.teams import machines

    world.mikkel.set_password("correct horse 77x")
    world.mikkel.save()
    _, robot = machines.add_service(
        username="robot", name="Robot", kind="service", sponsor=world.mikkel, team=world.team, actor=SYSTEM
    )

    def signing_in(name: str) -> Callable[[], int]:
        return lambda: Client().post("/sign-in/", {"login": name, "password": "wrong"}).status_code

    def asking(client_id: str) -> Callable[[], int]:
        headers = {"Authorization": f"Basic {base64.b64encode(f'{client_id}:wrong'.encode()).decode()}"}
        sent = {"grant_type": "client_credentials"}
        return lambda: Client().post("/api/token", sent, headers=headers).status_code

    compared("sign-in, no such name", signing_in("mikkel"), signing_in("mikkes"), HASHED)
    compared("API token, no such client", asking(robot.client_id), asking(f"{robot.client_id[:-1]}x"), HASHED)


def _objects(world: Any) -> None:
    """Another team's run beside one that is not there, as a page and over the API; a token but for its end beside any."""
    from django.test import Client

    from hybridops.experiments.announce import silence
    from tests.api.calling import Caller, person
    from tests.world import submit

    browser = Client()
    browser.force_login(world.zoe)
    with silence():
        run = submit(world)

    def page(pk: int) -> Callable[[], int]:
        return lambda: browser.get(f"/runs/{pk}/").status_code

    def told_by(one: Caller, pk: int) -> Callable[[], int]:
        return lambda: int(one.get(f"/runs/{pk}").status_code)

    compared("page of a run, none there", page(run.pk), page(999_999), PAIRS)
    caller = person(world.zoe)  # its token lives five minutes
    near, far = Caller(f"{caller.token[:-1]}~"), Caller("~" * len(caller.token))
    compared("run over the API, none there", told_by(caller, run.pk), told_by(caller, 999_999), PAIRS)
    compared("API, a token unlike any", told_by(near, run.pk), told_by(far, run.pk), PAIRS)


def compared(name: str, one: Callable[[], int], other: Callable[[], int], pairs: int) -> None:
    from django.core.cache import cache
    from scipy.stats import ttest_ind

    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs + 3):
        for side in (0, 1) if number % 2 else (1, 0):
            cache.clear()
            started = perf_counter()
            answered = (one, other)[side]()
            took = (perf_counter() - started) * 1000
            assert answered in (200, 401, 404), answered
            if number >= 3:
                times[side].append(took)
    found = ttest_ind(*times, equal_var=False, trim=0.1)
    told(f"{name}, t", abs(float(found.statistic)), "", pairs)
    told(f"{name}, later by", median(times[1]) - median(times[0]), "ms", pairs)
