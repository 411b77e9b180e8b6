from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from hybridops.engine.signatures import verify_all


class Command(BaseCommand):
    help = "Check the whole log: every event, its place, and the signed roots. Exit status 1 where it fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        told = "a checkpoint kept outside; the log must extend it"
        parser.add_argument("--kept", type=Path, action="append", default=[], help=told)

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify_all(kept=[file.read_text() for file in options["kept"]])
        if options["json"]:
            self.stdout.write(json.dumps({"verified": report.verified, **asdict(report)}))
        else:
            for step in report.steps:
                self.stdout.write(f"{'WRONG' if step.faults else 'ok   '} {step.words}")
            for finding in report.findings:
                self.stdout.write(self.style.ERROR(finding))
            state = "verified" if report.verified else "NOT verified"
            self.stdout.write(
                f"{report.events} events, {report.sealed} under signed roots, {state}; "
                f"the last {report.tail} are not sealed yet."
            )
        if not report.verified:
            sys.exit(1)
