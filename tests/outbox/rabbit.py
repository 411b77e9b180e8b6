"""A RabbitMQ of a test's own, in a folder of its own, that can be killed and started again with its data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from hybridops.cli.stack import usable_port
from tests.stores import skip_or_fail

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on the path changes to the service's user
READY_SECONDS = 60.0


class Rabbit:
    def __init__(self, folder: Path) -> None:
        self.port, other = usable_port("127.0.0.1", 0), usable_port("127.0.0.1", 0)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self.log = folder / "rabbit.log"
        (folder / "plugins").write_text("[].")
        own = {"NODENAME": f"hybridops{self.port}@localhost", "NODE_PORT": self.port, "DIST_PORT": other}
        places = {
            "MNESIA_BASE": folder / "data",
            "LOG_BASE": folder / "log",
            "ENABLED_PLUGINS_FILE": folder / "plugins",
        }
        more = {"CONFIG_FILE": folder / "none", "PID_FILE": folder / "pid", "NODE_IP_ADDRESS": "127.0.0.1"}
        told = {f"RABBITMQ_{name}": str(value) for name, value in {**own, **places, **more}.items()}
        self.env = os.environ | told | {"HOME": str(folder)}  # where Erlang keeps its cookie
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = monotonic() + READY_SECONDS
        while not self.answers():
            assert monotonic() < end and self.process.poll() is None, self.log.read_text()[-2000:]
            sleep(0.1)

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
            probe.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(probe.recv(1))
        return False

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)


@contextmanager
def rabbit(folder: Path) -> Iterator[Rabbit]:
    if not PROGRAM.exists():
        skip_or_fail(f"no RabbitMQ of its own: {PROGRAM} is missing")
    made = Rabbit(folder)
    try:
        made.start()
        yield made
    finally:
        made.kill()
