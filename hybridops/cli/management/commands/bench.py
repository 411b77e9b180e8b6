from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.bootstrap import ROOT

_FOLDER = ROOT / "tests" / "bench"


class Command(BaseCommand):
    help = "List the measurements in tests/bench, or run one by its name and print its figures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        names = sorted(file.stem.removeprefix("bench_") for file in _FOLDER.glob("bench_*.py"))
        if options["name"] is None:
            for name in names:
                self.stdout.write(f"{name}: {_module(name).__doc__.splitlines()[0]}")
            return
        if options["name"] not in names:
            raise CommandError(
                f"There is no measurement called {options['name']}. Choose: {', '.join(names)}."
            )
        for figure in _module(options["name"]).figures():
            told = {**figure, "load": round(os.getloadavg()[0], 2)}
            self.stdout.write(json.dumps(told) if options["json"] else _line(told))


def _module(name: str) -> Any:
    return import_module(f"tests.bench.bench_{name}")


def _line(figure: dict[str, Any]) -> str:
    against = f", {figure['ratio']} of {figure['against']}" if figure.get("against") else ""
    return f"{figure['name']}: {figure['value']} {figure['unit']}{against} (n={figure['n']}, load {figure['load']})"
