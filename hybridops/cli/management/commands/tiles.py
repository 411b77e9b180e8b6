from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.audit.tiles import export
from hybridops.domain.errors import Refused


class Command(BaseCommand):
    help = "Write the log as static files (checkpoint, tiles, entries) that any C2SP client reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            size = export(options["folder"])
        except Refused as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"{options['folder']} holds the checkpoint of {size} events, its tiles and its entries."
        )
