from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Work on one queue until told to stop. Start as many as there is room for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queue", choices=("light", "cpu", "gpu", "qpu"))
        parser.add_argument("--burst", action="store_true", help="stop when the queue is empty")

    def handle(self, *args: Any, **options: Any) -> None:
        from hybridops.engine import worker  # after the apps are loaded: it imports models

        worker.run(options["queue"], burst=options["burst"])
