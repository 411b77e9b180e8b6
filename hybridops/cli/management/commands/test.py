from __future__ import annotations

import os
import sys
from typing import NoReturn

from django.core.management.base import BaseCommand

from hybridops.bootstrap import ROOT


class Command(BaseCommand):
    help = "Run the tests. Every argument goes to pytest."

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        # A new process image: the tests choose their own environment before any setting is read.
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *argv[2:]])
