from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.errors import HybridopsError
from hybridops.engine.inputs import read_inputs
from hybridops.engine.rerun import rerun


class Command(BaseCommand):
    help = "Compute a run again from its inputs and say what comes out the same. Reads no database, sends nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file of `hybridops inputs`")
        parser.add_argument("--json", action="store_true", help="one JSON line a stage")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 1 where anything differs."""
        differs = False
        try:
            for row in rerun(read_inputs(options["file"].read_bytes())):
                differs |= row.word == "differs"
                said = f"{row.stage}: {row.word}" + (f", {row.why}" if row.why else "")
                self.stdout.write(json.dumps(asdict(row)) if options["json"] else said)
        except (HybridopsError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        if differs:
            sys.exit(1)
