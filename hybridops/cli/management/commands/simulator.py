from __future__ import annotations

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from hybridops.providers import service


class Command(BaseCommand):
    help = "Work off the simulator's queue until stopped. One such process serves all others."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--deadline",
            type=int,
            default=service.DEADLINE_SECONDS,
            metavar="SECONDS",
            help="longest time of one job (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(
                number, lambda *_: sys.exit(0)
            )  # at once: what runs now runs again at the next start
        service.serve(settings.HOME / "simulator", deadline_seconds=options["deadline"])
