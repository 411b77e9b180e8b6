"""The schedule of faults: which, on whom, for how long, all drawn from the seed; each with its line in the log."""

from __future__ import annotations

import json
import random
import shutil
import signal
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import sleep

from tests.chaos.fleet import SKEWED, Machine
from tests.chaos.ground import Ground, until

PAUSE_SECONDS = (16.0, 24.0)  # longer than a lease, which is 15
CUT_SECONDS = (4.0, 12.0)
# Of the vendors' stage. Not "duplicate": a vendor that breaks its own promise makes two jobs whatever we do.
SCRIPTED = ("lost", "throttled", "broken", "hang", "maintenance", "stale", "partial", "fails", "late cancel")
OPERATIONS = {"hang": 8.0, "throttled": 2.0}


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    target: str
    seconds: float
    begin: Callable[[], object]
    end: Callable[[], object]


def nothing() -> None:
    pass


class Schedule:
    """`next` is another fault every time: each kind comes once in a round, in an order of the seed.

    `only` names what is made instead: "postgres" again and again, say.
    """

    def __init__(self, ground: Ground, machines: list[Machine], seed: int, only: Sequence[str] = ()) -> None:
        self.ground, self.machines, self.rng = ground, machines, random.Random(seed)
        self.only = [getattr(self, f"_{name}") for name in only]
        self.late = (
            False  # from then on no courier is killed: what it held is sent again only after two minutes
        )
        self._round = self._kinds()

    def next(self) -> Fault:
        return next(self._round)

    def left_out(self) -> list[str]:
        """Which faults cannot be made on this machine, and why."""
        told = []
        if not self.ground.disk:
            told.append("disk: no right to mount a small disk for the data folder")
        if not self.ground.skew:
            told.append("clock: no C compiler for the shim that moves it")
        if self.ground.postgres is None:
            told.append("postgres: the database is a SQLite file")
        return told

    def _kinds(self) -> Iterator[Fault]:
        makers = [
            self._kill,
            self._kill,
            self._kill,
            self._machine,
            self._pause,
            self._cut,
            self._stall,
            self._slow,
        ]
        makers += [self._valkey, self._valkey_forgets, self._cloud, self._stage, self._stage]
        makers += [self._postgres] if self.ground.postgres else []
        makers += [self._disk] if self.ground.disk else []
        makers += [self._clock] if self.ground.skew else []
        makers = self.only or makers
        while True:
            for make in self.rng.sample(makers, len(makers)):
                yield make()

    def _some(self) -> tuple[Machine, str]:
        machine = self.rng.choice(self.machines)
        names = [name for name in machine.names if not (self.late and name == "courier")]
        return machine, self.rng.choice(names)

    def _kill(self) -> Fault:
        machine, name = self._some()
        return Fault("kill -9", f"{machine.name}/{name}", 0.0, lambda: machine.kill(name), nothing)

    def _machine(self) -> Fault:
        """All of a machine at once: its supervisor dies, and the kernel ends what it kept."""
        machine = self.rng.choice(self.machines)
        seconds = self.rng.uniform(1, 8)
        return Fault("machine lost", machine.name, seconds, machine.server.end, machine.server.start)

    def _pause(self) -> Fault:
        machine, name = self._some()
        return Fault(
            "pause", f"{machine.name}/{name}", self.rng.uniform(*PAUSE_SECONDS),
            lambda: machine.send(name, signal.SIGSTOP), lambda: machine.send(name, signal.SIGCONT),
        )  # fmt: skip

    def _relay(self) -> tuple[Machine, str]:
        machine = self.rng.choice(self.machines)
        return machine, self.rng.choice(sorted(machine.relays))

    def _cut(self) -> Fault:
        machine, service = self._relay()
        relay = machine.relays[service]
        return Fault(
            "cut", f"{machine.name} - {service}", self.rng.uniform(*CUT_SECONDS), relay.cut, relay.mend
        )

    def _stall(self) -> Fault:
        machine, service = self._relay()
        relay = machine.relays[service]
        return Fault(
            "silence", f"{machine.name} - {service}", self.rng.uniform(*CUT_SECONDS), relay.stall, relay.mend
        )

    def _slow(self) -> Fault:
        machine, service = self._relay()
        relay, delay = machine.relays[service], self.rng.uniform(0.02, 0.15)
        return Fault(
            "delay",
            f"{machine.name} - {service}, {delay * 1000:.0f} ms",
            8.0,
            lambda: relay.slow(delay),
            relay.mend,
        )

    def _postgres(self) -> Fault:
        """Immediate mode: no checkpoint, every connection gone, recovery from the log at the next start."""
        server = self.ground.postgres
        assert server is not None
        number = self.rng.choice((signal.SIGQUIT, signal.SIGKILL))
        return Fault(
            "postgres restarted",
            number.name,
            self.rng.uniform(0.5, 6),
            lambda: server.end(number),
            self._postgres_again,
        )

    def _postgres_again(self) -> None:
        """After a SIGKILL its children may hold the data folder for a moment longer."""
        server = self.ground.postgres
        assert server is not None

        def answers() -> bool:
            if not server.is_alive():
                server.start()
                sleep(0.5)
            return self.ground.postgres_answers()

        until(answers, "PostgreSQL did not come back", 60)

    def _valkey(self) -> Fault:
        server = self.ground.valkey
        return Fault("valkey restarted", "its data kept", self.rng.uniform(0.2, 6), server.end, server.start)

    def _valkey_forgets(self) -> Fault:
        server = self.ground.valkey

        def begin() -> None:
            server.end()
            shutil.rmtree(self.ground.valkey_data / "appendonlydir", ignore_errors=True)

        return Fault("valkey restarted", "its data lost", self.rng.uniform(0.2, 6), begin, server.start)

    def _cloud(self) -> Fault:
        server = self.ground.cloud
        return Fault("vendors away", "all of them", self.rng.uniform(1, 8), server.end, server.start)

    def _stage(self) -> Fault:
        kind = self.rng.choice(SCRIPTED)
        body = {
            "kind": kind,
            "times": self.rng.randint(1, 2),
            "seconds": OPERATIONS.get(kind, 1.0),
            "on": "*",
        }
        if kind in ("partial", "fails", "late cancel"):
            body["on"] = self.rng.choice(("ionq.create", "braket.CreateQuantumTask"))
        return Fault("vendor", kind, 0.0, lambda: self._script(body), nothing)

    def _script(self, body: dict[str, object]) -> None:
        url = f"http://127.0.0.1:{self.ground.ports['cloud']}/control/faults"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(urllib.request.Request(url, json.dumps(body).encode()), timeout=10).close()

    def _disk(self) -> Fault:
        return Fault("disk full", "data folder", self.rng.uniform(4, 10), self.ground.fill, self.ground.empty)

    def _clock(self) -> Fault:
        machine = next(one for one in self.machines if one.name == SKEWED)
        seconds = self.rng.choice((-3600, -90, 90, 3600))
        return Fault(
            "clock", f"{machine.name} by {seconds:+d} s", self.rng.uniform(10, 20),
            lambda: machine.set_clock(seconds), lambda: machine.set_clock(0),
        )  # fmt: skip
