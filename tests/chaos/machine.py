"""One of the machines, as a process group: `python -m tests.chaos.machine NAME PORT PROCESS ...`.

The product's own supervisor keeps its processes; where that gives up, the machine ends and says why.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import sleep

from hybridops.bootstrap import ROOT
from hybridops.cli.stack import Stack
from hybridops.cli.supervisor import Supervisor


def main() -> None:
    name, port, *wanted = sys.argv[1:]
    stack = Stack(Path(os.environ["HYBRIDOPS_HOME"]), port=int(port))
    specs = [spec for spec in stack.specs() if spec.name in wanted]
    assert len(specs) == len(wanted), wanted
    supervisor = Supervisor(specs, logs=Path(os.environ["CHAOS_LOGS"]) / name, cwd=ROOT)
    supervisor.start()
    while not supervisor.wait(3600):
        sleep(0)
    supervisor.stop()
    sys.exit(f"{name}: {supervisor.fault}")


if __name__ == "__main__":
    main()
