from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.errors import HybridopsError
from hybridops.engine.inputs import export_inputs
from hybridops.experiments.models import Run


class Command(BaseCommand):
    help = "Write what a run was computed from to a file, for `hybridops rerun`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="the number of the run")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        run = Run.objects.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['run']}.")
        try:
            options["file"].write_bytes(export_inputs(run))
        except HybridopsError as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"Wrote {options['file']}. Compute it again anywhere: hybridops rerun {options['file'].name}"
        )
