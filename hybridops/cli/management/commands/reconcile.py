from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from hybridops.domain.actors import SYSTEM
from hybridops.engine.reconcile import Report, reconcile


class Command(BaseCommand):
    help = "After a restore: ask each provider what was sent since the copy. Exit status 1 where one did not answer."

    def handle(self, *args: Any, **options: Any) -> None:
        report = reconcile(actor=SYSTEM)
        if report is None:
            self.stdout.write("Nothing to do: this house was not restored, or spending was resumed since.")
            return
        self._tell(report)
        if report.failed:
            sys.exit(1)

    def _tell(self, report: Report) -> None:
        for one in report.lost:
            self.stdout.write(
                f"R-{one.run} has {one.job} ({one.status}) at {one.provider}, sent after the backup: cancel the run"
            )
        self.stdout.write(
            f"{report.known} doubtful submissions were found by their key, {report.absent} not."
        )
        for words in report.consoles:
            self.stdout.write(f"For a person: {words}.")
        for words in report.failed:
            self.stdout.write(self.style.ERROR(f"No answer from {words}"))
        self.stdout.write(
            "Run it again: not every provider answered."
            if report.failed
            else "Every provider was asked. Look into the consoles, then resume spending on Today."
        )
