"""Environments as a bootstrap or an auditor has them, made from what is installed here and without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import tomllib
import venv
from importlib import metadata
from pathlib import Path

from hybridops.bootstrap import ROOT

SITE = Path(sysconfig.get_path("purelib"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NO_NETWORK = """
import sys
def watch(event, arguments):
    if event.startswith("socket."):
        raise OSError("no network: " + event)
sys.addaudithook(watch)
"""


def with_everything(folder: Path) -> Path:
    """Has all that this environment has."""
    (_site(folder) / "all.pth").write_text(f"{SITE}\n")
    return folder


def with_dependencies(folder: Path) -> Path:
    """Has what `pip install .` would bring along and nothing else; it cannot open a socket."""
    site = _site(folder)
    for name in closure(PROJECT["project"]["dependencies"]):
        for top in {Path(file).parts[0] for file in metadata.files(name) or ()} - {".."}:
            (site / top).symlink_to(SITE / top)
    (site / "sitecustomize.py").write_text(NO_NETWORK)
    return folder


def _site(folder: Path) -> Path:
    venv.create(folder, symlinks=True)
    return next(folder.glob("lib/python*/site-packages"))


def closure(requirements: list[str]) -> set[str]:
    """Names of distributions with what they need in turn, extras left out."""
    names: set[str] = set()
    waiting = [one for one in requirements if "extra ==" not in one]
    while waiting:
        name = re.split(r"[^\w.-]", waiting.pop())[0].lower()
        if name not in names:
            names.add(name)
            waiting += [one for one in metadata.requires(name) or () if "extra ==" not in one]
    return names


def run(program: Path, *argv: object, cwd: Path = Path("/"), **env: str) -> subprocess.CompletedProcess[str]:
    """Run as somebody would who knows nothing of this process's environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [str(program), *map(str, argv)],
        cwd=cwd,
        env={**kept, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
