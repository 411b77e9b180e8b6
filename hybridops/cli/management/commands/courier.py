from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from hybridops.experiments.pulse import beating
from hybridops.outbox.delivering import deliver_due
from hybridops.outbox.mailing import send_due
from hybridops.outbox.publishing import Publisher

TICK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Send the mails, webhook calls and events that are due, until told to stop; servers are slow."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped, publisher = Event(), Publisher()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        with beating("courier"):
            while not stopped.wait(TICK_SECONDS):
                for part in (publisher.publish_due, send_due, deliver_due):
                    _done(part)


def _done(part: Callable[[], object]) -> None:
    close_old_connections()
    try:
        part()
    except Exception:  # what is wrong with one round must not end the next
        _log.exception("a round of the courier failed")
