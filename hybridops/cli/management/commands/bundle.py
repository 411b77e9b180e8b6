from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Refused
from hybridops.engine.bundle import export
from hybridops.experiments.models import Run


class Command(BaseCommand):
    help = "Write a run with all its proofs to a file, for hybridops-verify."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="the number of the run")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--since", type=int, default=0, help="the size of a checkpoint that the auditor kept"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run = Run.objects.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['run']}.")
        try:
            options["file"].write_bytes(export(run=run, actor=SYSTEM, since=options["since"]))
        except Refused as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"Wrote {options['file']}. Check it anywhere: hybridops-verify {options['file'].name} --trust KEYS"
        )
