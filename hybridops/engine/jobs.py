"""The RQ entry points. A call carries an id; what is true is read from the database, so a lost, late or
repeated call does no harm.
"""

from __future__ import annotations

import os
import socket

from django.db import close_old_connections

from hybridops.engine import advance, poll
from hybridops.engine.deadline import deadline

POLL_SECONDS_MAX = 30.0
STORAGE_SECONDS_MAX = 90.0  # an object store is tried for a minute
_name = f"{socket.gethostname()}-{os.getpid()}"


def call_me(name: str) -> None:
    """Sets the name under which this process leases stages: the same for a worker and its successor."""
    global _name  # noqa: PLW0603  # one name a process, set once
    _name = name


def my_name() -> str:
    return _name


def run_stage(stage_id: int) -> None:
    """Takes a ready stage, and the ready ones that follow in the same queue."""
    close_old_connections()
    advance.take(stage_id, _name)


def poll_provider(key: str) -> None:
    """Asks a provider about every job of ours that is due."""
    close_old_connections()
    with deadline(POLL_SECONDS_MAX):
        poll.poll(key)


def observe_provider(key: str) -> None:
    """Looks at a provider's backends: calibration, queue, availability."""
    close_old_connections()
    with deadline(POLL_SECONDS_MAX):
        poll.observe(key)


def try_draft(draft_id: int) -> None:
    """A dry run of a drafted workflow, in a house of its own."""
    from hybridops.engine import tryout

    close_old_connections()
    tryout.try_draft(draft_id)


def try_storage(key: str) -> None:
    """Asks whether the storage of artifacts answers again; every stage that waits for it then looks again."""
    close_old_connections()
    with deadline(STORAGE_SECONDS_MAX):
        poll.ask_storage(key)


ALLOWED = frozenset(
    f"{run_stage.__module__}.{job.__name__}"
    for job in (run_stage, poll_provider, observe_provider, try_draft, try_storage)
)
