from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.cli.support import bundle


class Command(BaseCommand):
    requires_system_checks = []  # a house that is ill is what it is for
    help = "Write a bundle for whoever helps from outside: versions, numbers and states, without anybody's words."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--no-verify", action="store_true", help="leave out the look at the whole log")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            names = bundle(options["file"].absolute(), verify=not options["no_verify"])
        except OSError as problem:
            raise CommandError(f"{options['file']} cannot be written: {problem.strerror}.") from None
        self.stdout.write(f"Wrote {', '.join(names)}. Read it before you send it.")
