from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from typing import NoReturn

from django.core.management.base import BaseCommand

from hybridops.bootstrap import ROOT

REAL = ("tests/chaos", "tests/e2e")  # real processes and a real browser, which wait more than they compute


class Command(BaseCommand):
    help = (
        "Run the tests: what starts whole stacks, and everything else in its pauses. Arguments go to pytest."
    )

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        # Processes of their own: the tests choose their environment before any setting is read.
        os.chdir(ROOT)
        pytest = [sys.executable, "-m", "pytest"]
        if argv[2:]:
            os.execv(sys.executable, [*pytest, *argv[2:]])
        left_out = [f"--ignore={folder}" for folder in REAL]
        # A file in one process, in the order of tests/conftest.py.
        by_file = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
        with tempfile.TemporaryFile() as told:
            real = subprocess.Popen([*pytest, *REAL], stdout=told, stderr=subprocess.STDOUT)
            give_way = partial(os.nice, 15)  # who watches the clock goes first, and its workers as well
            rest = subprocess.run([*pytest, *by_file, *left_out], preexec_fn=give_way, check=False)
            real.wait()
            told.seek(0)
            shutil.copyfileobj(told, sys.stdout.buffer)
        sys.exit(rest.returncode or real.returncode)
