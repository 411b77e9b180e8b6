from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from hybridops.cli.rehearsal.history import make
from hybridops.domain import clock


class Command(BaseCommand):
    help = "Make the demo's ninety days of runs, where they are missing, then wait to be stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        for done, total in make(clock.now()):
            if done % 20 == 0 or done == total:
                self.stdout.write(f"{done} of {total} runs")
        signal.pause()
