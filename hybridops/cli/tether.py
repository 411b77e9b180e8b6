"""Run a program that the kernel ends when whoever started it dies, even by `kill -9`.

Also a script: `tether.py PARENT SIGNAL LOCK PROGRAM [ARGUMENT ...]`. It binds itself to its parent, waits
for the lock where one is named, then becomes the program, which holds the lock until it ends. A step of
its own, because code between fork and exec may hang where threads run. The bond is Linux only.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1


def tethered(
    argv: Sequence[str], *, orphan_signal: signal.Signals = signal.SIGKILL, lock: Path | None = None
) -> list[str]:
    """The command that runs `argv` bound to this process; with a lock, as soon as no other one holds it.

    Start it from a thread that lives as long as the program: the kernel watches the starting thread.
    """
    own = [str(os.getpid()), str(int(orphan_signal)), str(lock or "")]
    return [sys.executable, "-I", "-S", __file__, *own, *argv]


def become(parent: int, orphan_signal: int, lock: str, argv: Sequence[str]) -> NoReturn:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, orphan_signal)
        if os.getppid() != parent:  # it died before the bond held
            sys.exit(1)
    try:
        if lock:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.set_inheritable(handle, True)
        os.execvp(argv[0], list(argv))
    except OSError as error:
        sys.exit(f"{argv[0]} cannot be started: {error.strerror}.")


if __name__ == "__main__":
    become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
