from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hybridops.cli import serving
from hybridops.cli.founding import found


class Command(BaseCommand):
    help = "Start hybridops on this machine: database, broker, web, workers, sweeper and simulator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        serving.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        home = serving.writable_home()
        stack = serving.make_stack(home, options["port"], options["host"])
        serving.migrate()
        made = found()
        if made.keys:
            self.stdout.write(
                f"New signing keys are in {home / 'keys'}. Back that folder up, away from here, now:"
            )
            self.stdout.write("without it nothing that was signed can be continued.")
        serving.serve(stack, self.stdout.write, lambda: self._ready(stack.url, made.username, made.password))

    def _ready(self, url: str, username: str, password: str) -> None:
        self.stdout.write(self.style.SUCCESS(f"hybridops answers at {url}"))
        if username:
            self.stdout.write(
                f"Sign in as {username} with {password} (shown once). Then add a second person:"
            )
            self.stdout.write("  python3 manage.py add_person NAME --role reviewer")
            self.stdout.write("Until then only the simulators can be used: nobody decides on their own work.")
        self.stdout.write("Ctrl-C stops it.")
