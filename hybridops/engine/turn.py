"""One at a time on this machine: the sweeper's round, or a run that is driven at a told moment.

Told time looks like long ago to the sweeper, which would let its questions lapse in mid-run.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def my_turn() -> Iterator[None]:
    """Waits until nobody else here has the turn; the kernel takes it back from a process that dies."""
    folder = Path(settings.HOME) / "locks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / "turn", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
