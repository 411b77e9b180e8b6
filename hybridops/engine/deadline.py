"""A deadline that also ends code stuck in C: the process prints where it hung and exits, from a C thread.

Only a worker's process is ever ended; elsewhere (tests, inline driving) the block just runs.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

GRACE_SECONDS = 1.0
_deadly = False


def make_deadly() -> None:
    """Called by a worker's process for itself."""
    global _deadly  # noqa: PLW0603  # one flag a process, set once
    _deadly = True


def end_if_deadly() -> None:
    """Ends a worker's process here and now; elsewhere nothing."""
    if _deadly:
        os._exit(1)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Ends this process if the block takes longer than `seconds` and the grace."""
    if not _deadly:
        yield
        return
    faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
