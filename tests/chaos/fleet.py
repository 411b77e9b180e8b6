"""The three machines: who runs where, each with relays of its own to everything that is shared."""

from __future__ import annotations

import os
import signal
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.chaos.ground import Ground, Server, free_port
from tests.chaos.lab import children
from tests.chaos.relay import Network, Relay

# As sensible on two cores: every machine answers and sweeps; each queue has two workers on different machines, but gpu.
PLACES = {
    "a": ("web", "worker-light", "worker-cpu", "sweep", "courier"),
    "b": ("web", "worker-light", "worker-gpu", "worker-qpu", "sweep"),
    "c": ("web", "worker-cpu", "worker-qpu", "sweep", "courier"),
}
SERVICES = ("postgres", "valkey", "cloud")
SKEWED = "c"  # the one whose clock can be moved


class Machine:
    def __init__(self, name: str, ground: Ground, network: Network) -> None:
        self.name, self.names, self.port = name, PLACES[name], free_port()
        self.relays: dict[str, Relay] = {
            service: network.relay(ground.ports[service])
            for service in SERVICES
            if service != "postgres" or ground.postgres
        }
        ports = {service: relay.port for service, relay in self.relays.items()} | (
            {} if ground.postgres else {"postgres": 0}
        )
        env = {**ground.env, **ground.stores(ports), "HYBRIDOPS_SITE": self.url}
        self.clock = ground.folder / f"clock-{name}"
        if name == SKEWED and ground.skew:
            self.set_clock(0)
            env |= {"LD_PRELOAD": str(ground.skew), "SKEW_FILE": str(self.clock)}
        argv = [sys.executable, "-m", "tests.chaos.machine", name, str(self.port), *self.names]
        self.server = Server(name, argv, ground.logs / f"machine-{name}.log", env=env)
        self.gave_up = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set_clock(self, seconds: int) -> None:
        self.clock.write_text(f"{seconds}\n")

    def tend(self) -> bool:
        """Starts it again where it ended by itself, as an operator's systemd would; whether that was needed."""
        if self.server.is_alive():
            return False
        if self.server.process is not None:
            self.gave_up += 1
        self.server.start()
        return True

    def pids(self) -> dict[str, int]:
        found = {}
        for pid in children(self.server.pid):
            with suppress(OSError):
                told = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
                if name := _name(told):
                    found[name] = pid
        return found

    def kill(self, name: str) -> bool:
        return self.send(name, signal.SIGKILL)

    def send(self, name: str, number: signal.Signals) -> bool:
        pid = self.pids().get(name)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return bool(pid)

    def is_well(self) -> bool:
        """Every process runs, and the site says that its database and broker answer."""
        if set(self.pids()) != set(self.names):
            return False
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/healthz", timeout=3) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def memory(self) -> dict[str, float]:
        """Resident MB of each process and what it started."""
        return {
            f"{self.name}/{name}": round(sum(_resident(one) for one in (pid, *children(pid))), 1)
            for name, pid in self.pids().items()
        }


def _name(argv: list[str]) -> str:
    """Which of the stack's processes this is; nothing while it still is its tether."""
    if any(part.endswith("tether.py") for part in argv):
        return ""
    if "uvicorn" in argv:
        return "web"
    tail = next((argv[n + 1 :] for n, part in enumerate(argv) if part.endswith("manage.py")), [])
    words = [word for word in tail if word]
    return f"worker-{words[1]}" if words[:1] == ["worker"] else (words[0] if words else "")


def _resident(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
