"""A solver's process that does what the environment says, for tests of the one that asks it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time


def main(how: str) -> None:
    asked = json.load(sys.stdin)
    good = {"bits": [1] * len(asked["qubo"]["linear"]), "bound": -1e9, "optimal": False, "cpu_seconds": 0.1}
    if how == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    elif how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "raise":
        raise MemoryError("no room for the tree")
    elif how == "silent":
        return
    print("a line that a library prints")
    print(
        how
        if how.startswith(("[", "{", "no"))
        else json.dumps(good | json.loads(os.environ.get("CHANGES", "{}")))
    )


if __name__ == "__main__":
    main(os.environ["MISBEHAVE"])
