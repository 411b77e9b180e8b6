from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from hybridops.bootstrap import ROOT
from hybridops.cli import serving
from hybridops.cli.rehearsal.cast import CAST, PASSWORD
from hybridops.cli.stack import Stack
from hybridops.cli.supervisor import Spec


class DemoStack(Stack):
    """The stack, and beside it the process that makes the history."""

    def specs(self) -> list[Spec]:
        manage = (sys.executable, str(ROOT / "manage.py"))
        return [
            *super().specs(),
            Spec("history", (*manage, "history"), {**self.env, "OMP_NUM_THREADS": "1"}, essential=False),
        ]


class Command(BaseCommand):
    help = "Start hybridops with demo data: people, budgets, ninety days of runs, and one new run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        serving.add_arguments(parser)
        once = parser.add_argument_group("one run from end to end, in a throw-away folder")
        once.add_argument("--once", action="store_true", help="submit one run, approve it, wait, and stop")
        once.add_argument("--json", action="store_true", help="print one JSON line")
        once.add_argument("--problem", type=Path, help="a .vrp, .tsp or .csv file")
        once.add_argument("--seed", type=int, default=1)
        once.add_argument("--provider", default="local")
        once.add_argument("--fault", default="none")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"] and "HYBRIDOPS_ONCE" not in os.environ:
            self._throw_away(options["provider"])
        elif options["once"]:
            self._once(options)
        else:
            self._serve(options)

    def _throw_away(self, provider: str) -> None:
        """A child in a folder of its own, removed afterwards whatever happens to the child."""
        folder = tempfile.mkdtemp(prefix="hybridops-once-")
        env = os.environ | {"HYBRIDOPS_ONCE": "1", "HYBRIDOPS_HOME": folder}
        env["HYBRIDOPS_PROVIDERS"] = provider
        for name in ("DATABASE_URL", "REDIS_URL"):
            env.pop(name, None)
        try:
            status = os.spawnve(os.P_WAIT, sys.executable, [sys.executable, *sys.argv], env)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        sys.exit(status if status >= 0 else 1)

    def _once(self, options: dict[str, Any]) -> None:
        from hybridops.cli.rehearsal.once import Once

        told = Once(options).play()
        line = (
            json.dumps(told)
            if options["json"]
            else "\n".join(f"{key}: {value}" for key, value in told.items())
        )
        self.stdout.write(line)
        if not told["legal"] or not told["audit_verified"]:
            sys.exit(1)

    def _serve(self, options: dict[str, Any]) -> None:
        from hybridops.cli.rehearsal.moving import start_one
        from hybridops.cli.rehearsal.people import found_demo
        from hybridops.domain import clock

        home = serving.writable_home()
        stack = serving.make_stack(home, options["port"], options["host"], kind=DemoStack)
        serving.migrate()
        found_demo(clock.now().date())

        def ready() -> None:
            self.stdout.write(
                self.style.SUCCESS(f"The demo answers at {stack.url}  (demo data, nothing costs money)")
            )
            for username, name, role in CAST:
                self.stdout.write(f"  {username:<8}{role:<15}{name}")
            self.stdout.write(
                f"Everybody's password is {PASSWORD}. Ninety days of history are being made. Ctrl-C stops it."
            )
            start_one()

        serving.serve(stack, self.stdout.write, ready)
