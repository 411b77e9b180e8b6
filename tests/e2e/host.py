"""The demo's stack with a short history, as a child process: `python -m tests.e2e.host`.

It says on one line where it answers and which runs it made, then reads commands from stdin: `kill NAME` ends one
process of the stack as an accident would. It stops when stdin closes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

import django

# What stands in the history, one planned run each: path, backend, and whether the classical answer may stand in.
ENDED = {
    "accepted": ("approve", "heron-torino", "stop"),
    "ideal": ("approve", "ideal", "stop"),
    "narrowed": ("narrow", "heron-torino", "stop"),
    "degraded": ("fails", "heron-torino", "classical"),
    "rejected": ("reject", "heron-torino", "stop"),
    "changes": ("changes", "heron-torino", "classical"),
    "lapsed": ("lapse", "heron-torino", "stop"),
    "refused": ("refused", "heron-torino", "stop"),
}
WAITING = (
    "shown",
    "by-keys",
    "without-js",
    "cancel",
    "stale",
    "not-decided",
    "lost",
    "held",
    "taken",
    "passkey",
)
DRAFT = b"""import requests

HYBRIDOPS = {"name": "routing-night", "based_on": "routing", "title": "Vehicle routing at night"}
"""
MINUTES_AGO = 20


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "hybridops.config.settings"
    django.setup()
    from django.conf import settings

    from hybridops.cli import serving
    from hybridops.cli.rehearsal.people import found_demo
    from hybridops.domain import clock

    answers, sys.stdout = sys.stdout, sys.stderr  # what anybody else prints is not an answer
    home = serving.writable_home()
    serving.migrate()
    found_demo(clock.now().date())
    make_beginnings()
    runs = make_runs(Path(settings.HOME), clock.now())
    with serving.make_stack(home, 0, "127.0.0.1") as stack:
        stack.wait_ready(serving.READY_SECONDS)
        tell(answers, url=stack.url, runs=runs)
        for line in sys.stdin:
            command, _, name = line.strip().partition(" ")
            if command == "kill":
                stack.kill(name)
            tell(answers, did=line.strip())


def tell(answers: TextIO, **facts: object) -> None:
    answers.write(json.dumps(facts) + "\n")
    answers.flush()


def make_beginnings() -> None:
    """What the demo comes without: a draft with something found in it."""
    from hybridops.engine import authoring
    from hybridops.teams.models import Team, User

    team = Team.objects.get()
    ines = User.objects.get(username="ines")
    authoring.propose(user=ines, team_id=team.pk, filename="night.py", data=DRAFT)


def make_runs(home: Path, now: datetime) -> dict[str, int]:
    """A handful of the demo's planned runs, and some that wait for a decision; name to number."""
    from hybridops.audit.services import seal, sequence
    from hybridops.backends.services import observe
    from hybridops.engine import wiring
    from hybridops.experiments.announce import silence

    wiring.record_in(home / "recordings")
    with silence():
        observe(wiring.provider("local").backends())
        made = dict(_made(now))
        while sequence():
            pass
        seal()
    return made


def _made(now: datetime) -> Iterator[tuple[str, int]]:
    from hybridops.cli.rehearsal import history
    from hybridops.domain import clock
    from hybridops.engine import intake
    from hybridops.engine.inline import drive
    from hybridops.experiments.models import Run
    from hybridops.teams.models import User

    planned = history.plan(now)
    like = next(one for one in planned if one.path == "approve" and one.backend == "heron-torino")
    like = replace(
        like, problem="wave-11", shots=256, seed=1, analyst="ines", reviewer="ada", priority="research"
    )
    for number, (name, (path, backend, fallback)) in enumerate(ENDED.items()):
        at = now - timedelta(days=9 - number, hours=2)
        told = replace(like, number=1000 + number, at=at, path=path, backend=backend, fallback=fallback)
        history._live(told)
        yield name, Run.objects.get(submit_key=history._key(told)).pk
    for number, name in enumerate(WAITING):
        told = replace(
            like, number=2000 + number, at=now - timedelta(minutes=MINUTES_AGO - number), fallback="classical"
        )
        with clock.at(told.at):
            user = User.objects.get(username=told.analyst)
            wanted = replace(history._wanted(told), title=f"Wave 11, {name.replace('-', ' ')}")
            run = intake.submit(
                user=user, workflow_name="routing", wanted=wanted, submit_key=history._key(told)
            )
            drive(run.pk)
        yield name, run.pk


if __name__ == "__main__":
    main()
