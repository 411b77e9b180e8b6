"""The RQ entry points. A call carries an id; what is true is read from the database, so a lost, late or
repeated call does no harm.
"""

from __future__ import annotations

import logging
import os
import socket

from django.db import close_old_connections, connections

from hybridops.domain.actors import SYSTEM
from hybridops.engine import advance, poll
from hybridops.engine.deadline import deadline, end_if_deadly
from hybridops.experiments.models import Stage
from hybridops.experiments.transitions import return_stages

POLL_SECONDS_MAX = 30.0
STORAGE_SECONDS_MAX = 90.0  # an object store is tried for a minute
_log = logging.getLogger(__name__)
_name = f"{socket.gethostname()}-{os.getpid()}"


def call_me(name: str) -> None:
    """Sets the name under which this process leases stages: the same for a worker and its successor."""
    global _name  # noqa: PLW0603  # one name a process, set once
    _name = name


def my_name() -> str:
    return _name


def run_stage(stage_id: int) -> None:
    """Takes a ready stage, and the ready ones that follow in the same queue.

    Where that breaks off, such as by a database that was restarted, the stage goes back at once: this worker lives
    on and would renew its lease for ever.
    """
    close_old_connections()
    try:
        advance.take(stage_id, _name)
    except Exception as problem:
        _log.exception("the work on stage %s broke off", stage_id)
        connections.close_all()
        _give_back_or_end(f"its work broke off: {type(problem).__name__}")
        raise


def give_back(why: str) -> None:
    """Returns every stage leased under this process's name: whoever held them is gone."""
    close_old_connections()
    return_stages(Stage.objects.filter(worker=_name, state="running"), why=why, actor=SYSTEM)


def _give_back_or_end(why: str) -> None:
    """A worker that cannot give back ends: its successor does, once there is a database again."""
    try:
        give_back(why)
    except Exception:
        _log.exception("nothing could be given back")
        end_if_deadly()


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
