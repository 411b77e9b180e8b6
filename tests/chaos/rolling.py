"""Two versions of the product on one database, one broker and one data folder, each process started and ended by itself."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from allauth.mfa.totp.internal import auth as totp
from psycopg.rows import RowMaker

from hybridops.cli.broker import Broker
from hybridops.cli.rehearsal.browser import Browser
from hybridops.cli.rehearsal.cast import CODE_SECRET, PASSWORD
from hybridops.cli.stack import ONE_THREAD, usable_port
from hybridops.cli.tether import tethered
from tests.chaos.lab import ROOT, UNWANTED
from tests.chaos.oracle import Oracle

WAIT_SECONDS = 120.0
DRAIN_SECONDS = 60.0
WORKERS = ("worker light", "worker cpu", "worker gpu", "worker qpu")
REST = ("sweep", "courier")
SUBMIT = "/workflows/routing/submit/"
FOUND = """
import django
django.setup()
from hybridops.cli import serving
from hybridops.cli.rehearsal.people import add_snapshot, found_demo
from hybridops.cli.rehearsal.problems import PROBLEMS
from hybridops.domain import clock
serving.migrate()
found_demo(clock.now().date())
problem = PROBLEMS["wave-11"]
add_snapshot("ines", problem.project, problem.name, problem.data(), problem.filename)
"""


def git(*argv: str) -> bytes:
    """What git says of this repository; the test is left out where there is none, or too little of it."""
    try:
        return subprocess.run(["git", "-C", str(ROOT), *argv], check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"no git history is here: {problem}")


def migrations(commit: str) -> set[str]:
    named = git("ls-tree", "-r", "--name-only", commit, "hybridops").decode().split("\n")
    return {name for name in named if "/migrations/0" in name}


def older_version(folder: Path) -> tuple[str, Path]:
    """The newest commit whose migrations are a part of today's and not all of them, laid out in a folder.

    HYBRIDOPS_OLD_VERSION names another one, such as the release that an installation runs.
    """
    today = {str(path.relative_to(ROOT)) for path in ROOT.glob("hybridops/*/migrations/0*.py")}
    named = os.environ.get("HYBRIDOPS_OLD_VERSION")
    commits = [named] if named else git("log", "--first-parent", "--format=%H", "-300").decode().split()
    found = next((commit for commit in commits if migrations(commit) < today), None)
    if found is None:
        pytest.skip("no earlier commit has fewer migrations")
    with tarfile.open(fileobj=io.BytesIO(git("archive", found))) as tar:
        tar.extractall(folder, filter="data")
    return found, folder


class Shared(Oracle):
    """The oracle over PostgreSQL; the simulator keeps its jobs in a file as ever."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home)
        self._made = psycopg.connect(url, autocommit=True, row_factory=_by_name)

    def rows(self, query: str, *values: object, file: str = "") -> list[Any]:
        if not file:
            return list(self._made.execute(query.replace("?", "%s"), values).fetchall())
        made = sqlite3.connect(f"file:{self.home / file}?mode=ro", uri=True, timeout=20)
        made.row_factory = sqlite3.Row
        with made:
            return made.execute(query, values).fetchall()


class Row(dict[str, Any]):
    """By name or by place, as SQLite's."""

    def __getitem__(self, key: Any) -> Any:
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


def _by_name(cursor: Any) -> RowMaker[Row]:
    names = [column.name for column in cursor.description or ()]
    return lambda values: Row(zip(names, values, strict=True))


class Site:
    """A web process and what people do on its pages."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, house: House) -> None:
        self.process, self.url, self.house = process, url, house
        self._people: dict[str, Browser] = {}

    def as_(self, login: str) -> Browser:
        if login not in self._people:
            self._people[login] = Browser(self.url)
            self._people[login].sign_in(login, PASSWORD)
        return self._people[login]

    def submit(self, *, baseline_seconds: float = 0.5) -> int:
        """A run that people have to decide on, from the form as this version shows it."""
        browser, small = (
            self.as_("ines"),
            {"shots": "640", "qubits_max": "6", "baseline_seconds": str(baseline_seconds)},
        )
        form = browser.get(SUBMIT)["submit"]
        form.pop("raise_cap", None)
        form |= {name: value for name in form for key, value in small.items() if name.endswith(key)}
        form |= {
            "cost_max": "20.00", "priority_class": "research", "anyway": "to see what happens to it", "backend": "heron-torino",
            "seed": "3", "preview_digest": "",
        }  # fmt: skip
        browser.post(SUBMIT, form)
        return int(browser.url.rstrip("/").rpartition("/")[2])

    def decide(self, run: int) -> None:
        self.house.until(lambda: self.house.oracle.asked(run), "nobody was asked", run)
        request = self.house.oracle.requests(run)[0]["id"]
        login = next(self.house.reviewers)
        form = self.as_(login).get(f"/approvals/{request}/")["decide"]
        vote = {**form, "verdict": "approve", "reason": "Upgrade.", "code": self.house.code(login)}
        self.as_(login).post(f"/approvals/{request}/decide/", vote)
        assert self.house.oracle.decisions(run), "the vote was not taken"

    def stop_spending(self) -> None:
        form = self.as_("omar").get("/")["/spending/stop/"]
        self.as_("omar").post("/spending/stop/", {**form, "why": "An upgrade is going on."})

    def resume_spending(self) -> None:
        self.as_("omar").post("/spending/resume/", self.as_("omar").get("/")["/spending/resume/"])


class House:
    """What both versions share, and every process that was started on it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.home, self.logs = folder / "home", folder / "logs"
        self.home.mkdir(mode=0o700)
        self.logs.mkdir()
        self.broker = Broker(self.home)
        self.broker.start()
        self.env = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self.env |= ONE_THREAD | {
            "DJANGO_SETTINGS_MODULE": "hybridops.config.settings",
            "HYBRIDOPS_HOME": str(self.home),
            "DATABASE_URL": url,
            "REDIS_URL": self.broker.url,
            "HYBRIDOPS_PROVIDERS": "local",
            "HYBRIDOPS_MAIL": "locmem",
            "HYBRIDOPS_DEMO": "1",  # a password alone signs in; a decision still asks for its code
        }
        self.oracle = Shared(self.home, url)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.reviewers = cycle(("mikkel", "ada", "noor"))
        self._spent: set[tuple[str, int]] = set()

    def run(self, version: Path, *argv: str) -> str:
        """One command of a version, to its end."""
        told = subprocess.run(
            [sys.executable, *argv], cwd=version, env={**self.env, "PYTHONPATH": str(version)},
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert told.returncode == 0, f"{argv}\n{told.stdout[-1500:]}\n{told.stderr[-3000:]}"
        return told.stdout

    def start(self, version: Path, name: str, *argv: str, **more: str) -> subprocess.Popen[bytes]:
        """One process of a version. Django's own door: `manage.py` would write its checkout into the environment."""
        command = argv or ("django", *name.split())
        with (self.logs / f"{version.name}-{name.replace(' ', '-')}.log").open("ab") as log:
            made = subprocess.Popen(
                tethered([sys.executable, "-m", *command]), cwd=version, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True, env={**self.env, "PYTHONPATH": str(version), **more},
            )  # fmt: skip
        self.processes.append(made)
        return made

    def serve(self, version: Path) -> Site:
        port = usable_port("127.0.0.1", 0)
        url = f"http://127.0.0.1:{port}"
        options = ["--port", str(port), "--lifespan", "off", "--log-level", "warning"]
        made = self.start(
            version, "web", "uvicorn", "hybridops.config.asgi:application", *options, HYBRIDOPS_SITE=url
        )
        site = Site(made, url, self)

        def answers() -> bool:
            with suppress(OSError):
                Browser(url).get("/livez")
                return True
            return False

        self.until(answers, "the site did not answer")
        return site

    def working(self, version: Path) -> dict[str, subprocess.Popen[bytes]]:
        return {name: self.start(version, name) for name in WORKERS}

    def drain(self, process: subprocess.Popen[bytes]) -> None:
        """SIGTERM, as every service manager sends it: what is at hand is finished, then it ends by itself."""
        assert process.poll() is None, f"it ended before\n{self.told()}"
        process.terminate()
        process.wait(DRAIN_SECONDS)
        assert process.returncode in (0, -signal.SIGTERM), (
            f"it ended with {process.returncode}\n{self.told()}"
        )

    def code(self, login: str) -> str:
        """A one-time code of theirs that was not used yet; what counts now or in a moment, since answers take long."""
        while True:
            _, now, after = totp.yield_hotp_counters_from_time()
            for step in (now, after):
                if (login, step) not in self._spent:
                    self._spent.add((login, step))
                    return str(totp.format_hotp_value(totp.hotp_value(CODE_SECRET, step)))
            sleep(0.5)

    def ended(self, *runs: int) -> None:
        for run in runs:
            self.until(lambda run=run: self.oracle.outcome(run), "it did not end", run)
            self.until(lambda run=run: self.oracle.settled(run), "a bill was left", run)

    def correct(self, *runs: int) -> None:
        """Holds ended runs against the invariants. Nothing else may move meanwhile: it reads more than once."""
        self.ended(*runs)
        for run in runs:
            wrong = self.oracle.wrong(run)
            if self.oracle.outcome(run) not in ("accepted", "not_accepted"):
                wrong.append(f"it ended as {self.oracle.outcome(run)}")
            if len(self.oracle.jobs(run)) != 1 or len(self.oracle.decisions(run)) != 1:
                wrong.append(
                    f"{len(self.oracle.jobs(run))} jobs, {len(self.oracle.decisions(run))} decisions"
                )
            wrong += [f"{key} was lost" for key, row in self.oracle.stages(run).items() if row["losses"]]
            assert not wrong, "\n".join([*wrong, *self.oracle.dump(run), self.told()])

    def takers(self, run: int, *stages: str) -> set[str]:
        """Which of two workers of a queue took these stages last: 1 is who came first."""
        told = {
            move["stage"]: move["why"].rpartition("-")[2]
            for event in self.oracle.events(run)
            for move in event["facts"].get("moves", ())
            if move.get("to") == "running" and "stage" in move
        }
        return {told[stage] for stage in stages}

    def there(self, number: int) -> None:
        """Waits until as many workers of each queue have taken their places."""
        places = [self.home / "locks" / f"worker-{name.split()[1]}-{number}" for name in WORKERS]
        self.until(lambda: all(place.exists() for place in places), "not every worker came up")

    def until(self, done: Callable[[], Any], otherwise: str, run: int | None = None) -> None:
        end = monotonic() + WAIT_SECONDS
        while not done():
            dead = [
                made.args for made in self.processes if (made.returncode or made.poll()) not in (None, 0, -15)
            ]
            assert not dead, f"{dead} died\n{self.told()}"
            assert monotonic() < end, "\n".join(
                [otherwise, *(self.oracle.dump(run) if run else []), self.told()]
            )
            sleep(0.05)

    def told(self) -> str:
        """The last lines of everybody's log."""
        files = sorted(self.logs.glob("*.log"))
        return "\n".join(f"-- {path.name}\n{path.read_text(errors='replace')[-700:]}" for path in files)

    def end(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.broker.stop()
        self.oracle._made.close()

    def agrees(self, version: Path) -> None:
        """The log verifies and the books are right, as this version sees them."""
        assert json.loads(self.run(version, "-m", "django", "verify", "--json"))["verified"]
        assert json.loads(self.run(version, "-m", "django", "books", "--json"))["right"]


@contextmanager
def house(folder: Path, url: str, first: Path) -> Iterator[House]:
    """Founded by the first version."""
    made = House(folder, url)
    try:
        made.run(first, "-c", FOUND)
        yield made
    finally:
        made.end()
