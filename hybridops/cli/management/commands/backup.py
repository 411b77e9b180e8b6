from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.cli.backup import backup
from hybridops.domain.errors import HybridopsError


class Command(BaseCommand):
    help = "Copy database, keys, checkpoints and artifacts, consistently, into a new folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = backup(options["folder"].absolute())
        except HybridopsError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"Copied, with {told} entries of the log. Keep it as secret as the keys in it.")
