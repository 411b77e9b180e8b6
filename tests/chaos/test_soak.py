"""The soak over seeds that once found something, its own parts, and the supervisor killed under open runs."""

from __future__ import annotations

import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.faults import Schedule
from tests.chaos.fleet import PLACES
from tests.chaos.lab import ROOT, Lab, descendants
from tests.chaos.relay import Network
from tests.chaos.sink import Sink
from tests.chaos.soak import SEEDS
from tests.chaos.truth import Truth
from tests.cli.processes import alive
from tests.long import only_long

KEPT = [line.split("#")[0].split() for line in SEEDS.read_text().splitlines() if line.split("#")[0].strip()]


@only_long
@pytest.mark.parametrize(("seed", "database"), [("1", "postgres"), ("1", "sqlite"), *KEPT])
def test_three_machines_under_faults(seed: str, database: str) -> None:
    argv = [
        sys.executable,
        "-m",
        "tests.chaos.soak",
        "--minutes",
        "5",
        "--seed",
        seed,
        "--database",
        database,
    ]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


# The driver's own parts: what breaks things must do what it says, and what judges must be able to say no.


def machines() -> list[Any]:
    relays = {"postgres": None, "valkey": None, "cloud": None}
    server = SimpleNamespace(end=None, start=None)
    return [
        SimpleNamespace(name=name, names=PLACES[name], relays={k: Wire() for k in relays}, server=server)
        for name in PLACES
    ]


class Wire:
    cut = stall = slow = mend = None


def drawn(seed: int, count: int) -> list[tuple[str, str, float]]:
    server = SimpleNamespace(end=None, start=None)
    ground: Any = SimpleNamespace(
        disk=True, skew=Path(), postgres=server, valkey=server, cloud=server, fill=None, empty=None
    )
    schedule = Schedule(ground, machines(), seed)
    assert schedule.left_out() == []
    return [(fault.kind, fault.target, fault.seconds) for fault in (schedule.next() for _ in range(count))]


def test_a_seed_is_a_schedule_and_a_round_has_every_fault() -> None:
    assert drawn(7, 60) == drawn(7, 60) != drawn(8, 60)
    assert len({kind for kind, *_ in drawn(7, 16)}) == 12


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(100):
            self.request.sendall(data)


def ended(line: socket.socket) -> bool:
    """Whether the other end is gone, in order or not."""
    line.settimeout(5)
    try:
        return line.recv(10) == b""
    except ConnectionError:
        return True


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.end()


def test_a_relay_carries_is_silent_and_cuts(network: Network) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        relay = network.relay(server.server_address[1])

        def opened() -> socket.socket:
            return socket.create_connection(("127.0.0.1", relay.port), timeout=0.3)

        with opened() as line:
            line.sendall(b"one")
            assert line.recv(10) == b"one"
            relay.stall()
            line.sendall(b"two")
            with pytest.raises(TimeoutError):
                line.recv(10)
            relay.mend()
            line.settimeout(5)
            assert line.recv(10) == b"two", "what was held back came through"
            relay.cut()
            assert ended(line)
        with opened() as line:
            assert ended(line), "nothing new is taken"
        relay.mend()
        with opened() as line:
            line.sendall(b"five")
            assert line.recv(10) == b"five"
        server.shutdown()


class Lied(Truth):
    """A truth whose stores say what a test wants."""

    def __init__(self, told: dict[int, list[str]], **tables: list[dict[str, Any]]) -> None:
        self.told, self.tables = told, tables

    def runs(self) -> list[int]:
        return list(self.told)

    def _told(self, run: int) -> list[str]:
        return self.told[run]

    def rows(self, query: str, *values: object, file: str = "") -> list[Any]:
        return next((rows for name, rows in self.tables.items() if name in query), [])

    def all_jobs(self) -> list[Any]:
        return self.tables.get("jobs", [])


def heard(*ids: str) -> Sink:
    sink = Sink()
    for one in ids:
        sink.take({"id": one})
    sink.end()
    return sink


def test_an_oracle_that_is_lied_to_says_so() -> None:
    one, two = "run:1:version:1", "run:1:version:2"
    assert Lied({1: [one, two]}).untold(heard(one, one, two)) == []
    assert Lied({1: [one, two]}).untold(heard(two)) == [f"never told: {one}"]
    assert "out of order" in Lied({1: [one, two]}).untold(heard(two, one))[0]
    assert Lied({}, outbox_delivery=[{"key": "x"}]).untold(heard()) == ["written and never told: x"]
    twice = [{"id": 1, "submit_key": "k"}, {"id": 2, "submit_key": "k"}]
    assert Lied({}, experiments_run=twice).doubled({"k": 3}) == [
        "k is 2 runs",
        "R-3 was answered and is not there",
    ]
    assert "2 jobs" in Lied({}, jobs=[{"key": "k"}, {"key": "k"}]).wrong_now()[0]
    assert Lied({}, quotas_budget=[{"name": "May"}]).wrong_now() == ["May is over its limit"]


@pytest.mark.slow
def test_the_supervisor_is_killed_and_the_next_start_ends_what_was_open(lab: Lab) -> None:
    """No process outlives it; one run was asked about, one decided on, one at the provider, one just made."""
    asked, decided, sent = lab.submit(seed=1), lab.submit(seed=2), lab.submit(seed=3)
    for run in (asked, decided, sent):
        lab.until(lambda run=run: lab.oracle.asked(run), "nobody was asked", 90, run)
    with lab.frozen("simulator"):
        lab.approve(sent)
        lab.until(lambda: lab.oracle.jobs(sent), "the provider has no job", 60, sent)
    lab.approve(decided)
    new = lab.submit(seed=4)
    everybody = descendants(lab.host.pid)
    assert len(everybody) >= 8
    lab.host.kill()
    lab.host.wait()
    lab.until(lambda: not [pid for pid in everybody if alive(pid)], "somebody outlived the supervisor", 15)
    lab.start()
    lab.approve(asked)
    lab.approve(new)
    for run in (asked, decided, sent, new):
        lab.correct(run)
