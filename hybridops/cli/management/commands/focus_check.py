from __future__ import annotations

import csv
import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.focus import text_of
from hybridops.domain.focus_rules import BROKEN, Row, Verdict, check


class Command(BaseCommand):
    help = "Check a FOCUS file against the Foundation's rules rule by rule. Exit status 1 if one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a FOCUS file, .csv or .parquet")
        parser.add_argument(
            "--model",
            type=Path,
            required=True,
            help="the rules, as the Foundation's validator has them: model-1.2.json",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object a rule")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            model = json.loads(options["model"].read_text())
            found = check(read(options["file"]), model)
        except (OSError, ValueError, KeyError) as problem:
            raise CommandError(f"It cannot be read: {problem}") from problem
        for one in found:
            self.stdout.write(json.dumps(asdict(one)) if options["json"] else _line(one))
        if not options["json"]:
            told = ", ".join(
                f"{count} {state}" for state, count in Counter(one.state for one in found).items()
            )
            self.stdout.write(f"{len(found)} rules: {told}.")
        if any(one.state == BROKEN for one in found):
            sys.exit(1)


def _line(one: Verdict) -> str:
    where = f" ({one.rows} of {one.count} rows, first {one.first})" if one.rows else ""
    return f"{one.rule}\t{one.state}{where}\t{one.says}"


def read(file: Path) -> Sequence[Row]:
    """The rows as text, in which what is empty is None. Raises OSError or ValueError for what is no such file."""
    if file.suffix == ".parquet":
        import pyarrow.parquet as pq

        return [
            {name: _text(value) for name, value in row.items()} for row in pq.read_table(file).to_pylist()
        ]
    with file.open(newline="", encoding="utf-8") as opened:
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(opened)]


def _text(value: Any) -> str | None:
    known = value if isinstance(value, (Decimal, datetime, str)) or value is None else str(value)
    return text_of(known) or None
