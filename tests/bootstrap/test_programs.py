"""The programs that a start leaves in the environment, and what `pip install .` gives: run as processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from hybridops import bootstrap
from hybridops.bootstrap import ROOT
from hybridops.definitions.models import Draft
from hybridops.domain.actors import SYSTEM
from hybridops.engine.builtin import sign_shipped
from tests.audit.bundles import Made, made
from tests.bootstrap.environments import PROJECT, closure, run, with_dependencies, with_everything
from tests.realdb import RealDatabase
from tests.world import World

pytestmark = pytest.mark.slow  # installs and starts


@pytest.fixture
def bundle(world: World) -> Made:
    return made(world)


def imported(told: str) -> set[str]:
    """The modules that a process with PYTHONPROFILEIMPORTTIME named on stderr."""
    return {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}


def test_the_verifier_needs_three_packages_and_no_network(bundle: Made, tmp_path: Path) -> None:
    bootstrap.write_programs(with_dependencies(tmp_path / "venv"))
    verify = tmp_path / "venv" / "bin" / "hybridops-verify"
    trust, good, bad = (tmp_path / name for name in ("keys.txt", "good.zip", "bad.zip"))
    trust.write_bytes(bundle.ring.write())
    good.write_bytes(bundle.data)
    bad.write_bytes(bundle.document("plan.json", lambda plan: plan.update(seed=8)))
    assert run(tmp_path / "venv/bin/python", "-c", "import django").returncode == 1
    assert "no network" in run(tmp_path / "venv/bin/python", "-c", "import socket; socket.socket()").stderr

    done = run(verify, good, "--trust", trust, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) > 10
    assert done.stdout.endswith("Everything in this bundle holds.\n")
    rooms = {name.split(".")[1] for name in imported(done.stderr) if name.startswith("hybridops.")}
    assert rooms == {"trust", "domain"}

    done = run(verify, "bad.zip", "--trust", "keys.txt", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1] == "WRONG A-1 was about another plan than the bundle's."
    assert run(verify, "none.zip", "--trust", "keys.txt", cwd=tmp_path).returncode == 2
    assert json.loads(run(verify, good, "--trust", trust, "--json").stdout)["verified"] is True


def test_what_the_verifier_needs_is_locked_for_the_site_as_well() -> None:
    locked = dict(
        re.findall(r"^([\w.-]+)==([\d.]+)", (bootstrap.LOCKS / "core.txt").read_text(), re.MULTILINE)
    )
    assert closure(PROJECT["project"]["dependencies"]) <= locked.keys()
    for wanted in PROJECT["project"]["dependencies"]:
        name, least = wanted.split(">=")
        assert [int(part) for part in locked[name].split(".")] >= [int(part) for part in least.split(".")]


def test_a_start_leaves_the_programs_and_they_serve_from_any_folder(tmp_path: Path) -> None:
    venv = with_everything(tmp_path / "venv")
    (venv / "installed").write_text(bootstrap.digest(bootstrap.LOCKS / "core.txt"))
    home = str(tmp_path / "data")
    first = run(
        venv / "bin/python", ROOT / "manage.py", "--version", HYBRIDOPS_VENV=str(venv), HYBRIDOPS_HOME=home
    )
    assert first.returncode == 0, first.stderr
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "hybridops").symlink_to(venv / "bin" / "hybridops")
    for program in (venv / "bin" / "hybridops", tmp_path / "elsewhere" / "hybridops"):
        assert run(program, "--version", HYBRIDOPS_HOME=home).stdout == first.stdout
    told = run(venv / "bin" / "hybridops", "propose", "--help", cwd=tmp_path, HYBRIDOPS_HOME=home).stdout
    assert told.startswith("usage: hybridops propose ")


def test_hybridops_propose_makes_a_draft_of_a_file_beside_it(real: RealDatabase, tmp_path: Path) -> None:
    if "DATABASE_URL" in os.environ:
        pytest.skip("the copy of the world is a file only on SQLite")
    sign_shipped(actor=SYSTEM)
    (tmp_path / "wider.py").write_text(
        'HYBRIDOPS = {"based_on": "routing", "title": "Wider", "parameters": {"shots": {"high": 8192}}}'
    )
    bootstrap.write_programs(with_everything(tmp_path / "venv"))
    (tmp_path / "venv" / "installed").write_text(bootstrap.digest(bootstrap.LOCKS / "core.txt"))
    env = {name: os.environ[name] for name in ("HYBRIDOPS_HOME", "HYBRIDOPS_SECRET_KEY")}
    done = run(
        tmp_path / "venv/bin/hybridops", "propose", "wider.py", "--as", "ines",
        cwd=tmp_path, DATABASE_URL=f"sqlite:///{real.path}", **env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.match(r"Draft \d+: routing version 2, at /definitions/\d+/", done.stdout)
    assert Draft.objects.get().body["title"] == "Wider"


# Which checkout the programs run.

HOUSE = "def main():\n    print({!r})\n"


def house(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "manage.py").write_text(HOUSE.format(folder.name))
    return folder


def test_the_programs_move_with_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = house(tmp_path / "old")
    monkeypatch.setattr(bootstrap, "ROOT", old)
    bootstrap.write_programs(with_everything(old / ".venv"))
    new = old.rename(tmp_path / "a new place")
    house(tmp_path / "old")
    (new / "manage.py").write_text(HOUSE.format("moved"))
    assert run(new / ".venv" / "bin" / "hybridops").stdout == "moved\n"


def test_a_shared_environment_runs_the_checkout_that_started_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = with_everything(tmp_path / "shared")
    one, two = house(tmp_path / "one"), house(tmp_path / "two")
    for root in (one, two, one):
        monkeypatch.setattr(bootstrap, "ROOT", root)
        bootstrap.write_programs(venv)
        assert run(venv / "bin" / "hybridops").stdout == f"{root.name}\n"
    one.rename(tmp_path / "three")
    gone = run(venv / "bin" / "hybridops")
    assert gone.returncode == 1
    assert gone.stderr.startswith(f"hybridops: it is no longer in {one};")
    assert gone.stderr.count("\n") == 1


def test_programs_are_written_only_where_that_is_needed_and_possible(tmp_path: Path) -> None:
    venv = with_everything(tmp_path / "venv")
    bootstrap.write_programs(venv)
    before = (venv / "bin" / "hybridops").stat().st_ino
    bootstrap.write_programs(venv)
    assert (venv / "bin" / "hybridops").stat().st_ino == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "bin").touch()
    bootstrap.write_programs(tmp_path / "other")  # cannot, and starting goes on


@pytest.mark.skipif(
    not os.environ.get("HYBRIDOPS_TEST_INSTALL"), reason="installs from an index: HYBRIDOPS_TEST_INSTALL=1"
)
def test_pip_gives_the_verifier_and_a_command_line_that_says_what_it_lacks(
    bundle: Made, tmp_path: Path
) -> None:
    source = shutil.copytree(ROOT, tmp_path / "source", ignore=shutil.ignore_patterns(".*", "data", "tests"))
    assert run(Path(sys.executable), "-m", "venv", tmp_path / "venv").returncode == 0
    done = run(tmp_path / "venv/bin/python", "-m", "pip", "install", "-q", source)
    assert done.returncode == 0, done.stderr
    (tmp_path / "keys.txt").write_bytes(bundle.ring.write())
    (tmp_path / "bundle.zip").write_bytes(bundle.data)
    verify = tmp_path / "venv/bin/hybridops-verify"
    assert run(verify, "bundle.zip", "--trust", "keys.txt", cwd=tmp_path).returncode == 0
    assert run(tmp_path / "venv/bin/python", "-c", "import django").returncode == 1
    lacks = run(tmp_path / "venv/bin/hybridops", "runs")
    assert (lacks.returncode, lacks.stderr.count("hybridops[client]")) == (2, 1)
