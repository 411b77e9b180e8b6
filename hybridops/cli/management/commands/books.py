from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from hybridops.experiments import summed_days
from hybridops.quotas.books import differences


class Command(BaseCommand):
    help = (
        "Compute every balance and summed day anew and name what differs. Exit status 1 where something does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [*differences(), *summed_days.differences()]
        if options["json"]:
            told = {"right": not found, "differences": [asdict(one) for one in found]}
            self.stdout.write(json.dumps(told))
        else:
            for one in found:
                self.stdout.write(self.style.ERROR(str(one)))
            self.stdout.write("The books differ." if found else "Ledger, budgets and reservations agree.")
        if found:
            sys.exit(1)
