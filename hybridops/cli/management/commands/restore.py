from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.cli.backup import restore
from hybridops.domain.errors import HybridopsError


class Command(BaseCommand):
    requires_system_checks = []  # some of them open the database, and there must be none
    help = "Put a backup into a place without a database. QPU spending is stopped until the providers were asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = restore(options["folder"].absolute())
        except HybridopsError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(
            f"Restored. QPU spending is stopped; {told} submissions are looked up first. Run verify and reconcile now."
        )
