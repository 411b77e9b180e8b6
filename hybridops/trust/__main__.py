"""`hybridops-verify BUNDLE --trust KEYS`: what an auditor runs, on any machine, without the installation."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from hybridops.domain.errors import HybridopsError
from hybridops.trust import keyring, offline
from hybridops.trust.container import BYTES_MAX


def main(arguments: list[str] | None = None) -> int:
    """0 where everything holds, 1 with the first thing that does not, 2 where a file cannot be read."""
    asked = _parser().parse_args(arguments)
    steps: list[str] = []
    try:
        ring = keyring.read(_read(asked.trust))
        since = _read(asked.since).decode(errors="replace") if asked.since else ""
        for step in offline.verify(_read(asked.bundle), ring, since=since):
            steps.append(step)
            if not asked.json:
                print(f"ok    {step}", flush=True)
    except OSError as problem:
        return _end(asked.json, steps, f"{problem.filename} cannot be read: {problem.strerror}", 2)
    except HybridopsError as problem:
        return _end(asked.json, steps, str(problem), 1)
    return _end(asked.json, steps, "", 0)


def _parser() -> argparse.ArgumentParser:
    what = "Check a bundle without the installation it came from."
    parser = argparse.ArgumentParser(prog="hybridops-verify", description=what)
    parser.add_argument("bundle", type=Path, help="the bundle of a run, a .zip")
    trust = "the trust file: public keys that you got another way"
    parser.add_argument("--trust", type=Path, required=True, help=trust)
    parser.add_argument("--since", type=Path, help="a checkpoint you kept: the log must be its continuation")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BYTES_MAX + 1)


def _end(as_json: bool, steps: list[str], wrong: str, status: int) -> int:
    if as_json:
        print(json.dumps({"verified": not wrong, "steps": steps, "wrong": wrong}, ensure_ascii=False))
    elif wrong:
        print(f"WRONG {wrong}")
    else:
        print("Everything in this bundle holds.")
    return status


if __name__ == "__main__":
    sys.exit(main())
