"""The deadline ends the process whatever the code within it catches or holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hybridops.bootstrap import ROOT

SCRIPT = """
import re, time
from hybridops.engine.deadline import deadline, make_deadly

def swallow():
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass

def hold():
    re.fullmatch("(a+)+", "a" * 60 + "b")  # in C, with the interpreter's lock, for ages

make_deadly()
with deadline(0.2):
    {0}()
"""


@pytest.mark.parametrize("name", ["swallow", "hold"])
def test_code_that_swallows_or_holds_everything_ends_with_its_process(name: str) -> None:
    script = SCRIPT.replace("{0}", name)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert f"in {name}" in done.stderr
