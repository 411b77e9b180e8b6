from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from django.core.management.base import BaseCommand

from hybridops.bootstrap import ROOT

REAL = ("tests/chaos", "tests/e2e")  # real processes and a real browser: two of each at a time


class Command(BaseCommand):
    help = "Run the tests: what needs a process each, then what starts whole stacks. Arguments go to pytest."

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        # Processes of their own: the tests choose their environment before any setting is read.
        os.chdir(ROOT)
        pytest = [sys.executable, "-m", "pytest"]
        if argv[2:]:
            os.execv(sys.executable, [*pytest, *argv[2:]])
        left_out = [f"--ignore={folder}" for folder in REAL]
        two = ("-n", "2", "--dist")
        by_file = (*two, "loadfile", "--no-loadscope-reorder")  # in the order of tests/conftest.py
        first = subprocess.run([*pytest, *by_file, *left_out], check=False)
        second = subprocess.run([*pytest, *two, "load", *REAL], check=False)
        sys.exit(first.returncode or second.returncode)
