from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hybridops.experiments import retention


class Command(BaseCommand):
    help = "Remove the bytes of data and runs whose time is over. Rows and digests stay; holds and open runs win."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["dry_run"]:
            self.stdout.write(f"{retention.remove_due()} files were deleted.")
            return
        for due in retention.due():
            names = "".join(f"\n  {row} ({row.project})" for row in due.snapshots)
            files = retention.present(due)
            self.stdout.write(f"Under {due.under}: {len(due.snapshots)} data sets, {files} files.{names}")
