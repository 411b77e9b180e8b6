"""The command line against a real site: what it prints, how it ends, and what it never lets through."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hybridops.bootstrap import ROOT
from hybridops.client.__main__ import main
from hybridops.client.printing import Live, clean, line_of
from hybridops.client.reading import read
from hybridops.client.run_shapes import Run
from hybridops.client.verbs import VERBS, Exit, is_clients
from hybridops.experiments.models import Run as Row
from tests.api.calling import person
from tests.cli.processes import until
from tests.client.conftest import Served, worker
from tests.client.test_wire import run_body
from tests.presence import code_of


class Shell:
    """Somebody's shell: their token is in the environment."""

    def __init__(self, served: Served, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.served, self.capsys, self.patch = served, capsys, patch
        patch.setenv("HYBRIDOPS_URL", served.url)
        patch.setattr("hybridops.client.client.LOOK_MAX", 0.05)
        patch.setattr("hybridops.client.client.LOOK", 0.02)
        self.be("ines")

    def be(self, name: str) -> None:
        self.patch.setenv("HYBRIDOPS_TOKEN", person(self.served.world.people[name]).token)

    def __call__(self, *words: object, ends: Exit = Exit.DONE) -> str:
        self.capsys.readouterr()
        assert main([str(word) for word in words]) == ends, self.capsys.readouterr()
        return self.capsys.readouterr().out

    def json(self, *words: object, ends: Exit = Exit.DONE) -> Any:
        return json.loads(self(*words, "--json", ends=ends).splitlines()[-1])


@pytest.fixture
def shell(
    served: Served, own_config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    return Shell(served, capsys, monkeypatch)


@pytest.mark.slow
def test_a_run_from_a_shell(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = shell.served.world
    assert "aarhus" in shell("whoami")
    (tmp_path / "wave15.csv").write_text("a,b\n1,2\n")
    wish = ("fake", "--project", "aarhus", "--data", world.snapshot.pk, "--cap", "50", "--set", "rounds=2")
    quoted = shell.json("quote", *wish)
    assert "likely" in shell("quote", *wish) and quoted["choices"]
    made = shell.json("submit", *wish, "--title", "Wave 14", "--quote", quoted["digest"], "--key", "tuesday")
    assert (
        shell.json("submit", *wish, "--title", "Wave 14", "--quote", quoted["digest"], "--key", "tuesday")[
            "id"
        ]
        == made["id"]
    )
    upload = ("fake", "--data", tmp_path / "wave15.csv", "--title", "=cmd|' /C calc'!A0", "--cap", "50")
    second = shell.json("submit", *upload)["id"]
    assert shell.json("cancel", second)["outcome"] == "cancelled" and Row.objects.count() == 2
    with worker():
        until(lambda: shell("runs", "--json", "--state", "waiting"))
    shell.be("mikkel")
    (request,) = shell.served.as_("mikkel").approvals(state="pending")
    monkeypatch.setattr("builtins.input", lambda: "n")
    shell("approve", request, ends=Exit.USAGE)
    shell("approve", request, "--digest", "0" * 64, "--yes", "--code", "1", ends=Exit.USAGE)
    monkeypatch.setattr("builtins.input", lambda: "y")
    monkeypatch.setattr("hybridops.client.doing.getpass", lambda _: code_of(world.mikkel))
    assert "is approved" in shell("approve", request, "--reason", "as planned")
    shell.be("ines")
    with worker():
        lines = shell("watch", f"R-{made['id']}").splitlines()
    assert "100%" in lines[-1] and "Accepted: 90" in lines[-1]
    shell("watch", second, ends=Exit.NOT_ACCEPTED)
    assert f"R-{made['id']}" in shell("runs", "--state", "accepted")
    rows = list(csv.DictReader(io.StringIO(shell("export"))))
    assert [row["id"] for row in rows] == [str(second), str(made["id"])]
    assert rows[0]["title"].startswith("'=cmd")
    shell("export", made["id"], "-o", tmp_path / "proofs.zip")
    assert (tmp_path / "proofs.zip").read_bytes()[:2] == b"PK"
    shell.be("farah")
    assert "none accepted" not in shell("cost", "--by", "workflow")
    assert shell.json("cost")["total"]["accepted"] == 1


@pytest.mark.slow
def test_proofs_are_checked_here(shell: Shell, tmp_path: Path) -> None:
    from hybridops.audit import keyring
    from hybridops.audit.services import seal, sequence
    from hybridops.engine.inline import drive
    from tests.world import submit

    run = submit(shell.served.world)
    drive(run.pk)
    sequence()
    seal()
    trust = tmp_path / "keys.txt"
    trust.write_bytes(keyring.ring().write())
    told = shell.json("verify", run.pk, "--trust", trust)
    assert told["verified"] and len(told["steps"]) > 3
    assert shell("verify", run, "--trust", trust).endswith("Everything in this bundle holds.\n")
    body = json.loads(trust.read_text())
    body["origin"] = "another.example"
    trust.write_text(json.dumps(body))
    assert "WRONG" in shell("verify", run.pk, "--trust", trust, ends=Exit.NO)
    shell("verify", run.pk, "--trust", tmp_path / "none", ends=Exit.USAGE)


@pytest.mark.slow
def test_a_notebook_is_proposed(shell: Shell, tmp_path: Path) -> None:
    from hybridops.definitions.models import Draft
    from hybridops.domain.actors import SYSTEM
    from hybridops.engine.builtin import sign_shipped

    sign_shipped(actor=SYSTEM)
    header = 'HYBRIDOPS = {"based_on": "routing", "title": "Wider", "parameters": {"shots": {"high": 8192}}}'
    cells = [{"cell_type": "code", "source": header}]
    (tmp_path / "wider.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    said = shell("propose", tmp_path / "wider.ipynb")
    assert f"{shell.served.url}/definitions/{Draft.objects.get().pk}/" in said and "still missing" in said


@pytest.mark.slow
def test_a_no_is_a_sentence_a_code_and_an_exit(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    told = shell.json("watch", 999, ends=Exit.NO)
    assert told["error"]["code"] == "not_found"
    wish = ("submit", "fake", "--data", shell.served.world.snapshot.pk, "--title", "x", "--cap", "0.01")
    assert shell.json(*wish, ends=Exit.NO)["error"]["field"] == "cost_max"
    assert shell.json("submit", "fake", ends=Exit.USAGE)["error"]["detail"].startswith("Name the data")
    shell("submit", "--file", "/nonexistent.json", ends=Exit.USAGE)
    monkeypatch.setenv("HYBRIDOPS_TOKEN", "x" * 40)
    shell("whoami", ends=Exit.SIGN_IN)
    monkeypatch.setenv("HYBRIDOPS_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("hybridops.client.wire.Patience.after", lambda *_: 0.0)
    shell("whoami", ends=Exit.NO_ANSWER)
    with pytest.raises(SystemExit) as said:
        main(["runs", "--limit", "many"])
    assert said.value.code == Exit.USAGE


def test_exits_are_a_promise() -> None:
    assert {one.name: one.value for one in Exit} == {
        "DONE": 0, "NO": 1, "USAGE": 2, "SIGN_IN": 3, "NO_ANSWER": 4, "NOT_ACCEPTED": 5, "INTERRUPTED": 130,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "clients"),
    [
        ("login https://lab.example", True), ("submit", True), ("propose wider.ipynb", True), ("propose --help", True),
        ("propose wider.ipynb --as ines", False), ("propose --as=ines wider.py", False), ("verify", False), ("verify --json", False),
        ("verify --kept note", False), ("verify R-12 --trust keys.txt", True), ("verify --trust=keys.txt R-12", True), ("bench routing", False), ("rerun a.zip", False),
        ("demo", False), ("up", False), ("", False), ("--version", False), ("bundle 12 a.zip", False),
    ],
)  # fmt: skip
def test_which_calls_of_hybridops_are_about_a_site(words: str, clients: bool) -> None:
    assert is_clients(words.split()) is clients


def test_no_verb_hides_a_command_of_the_installation() -> None:
    own = {path.stem for path in (ROOT / "hybridops/cli/management/commands").glob("[a-z]*.py")}
    assert own & set(VERBS) == {"propose", "verify"}  # both are told apart above


def test_one_program_serves_both(tmp_path: Path) -> None:
    """As a process: a client's verb loads no Django, and an installation's command no httpx of ours."""
    code = "import sys; sys.argv=['hybridops','runs','--help']; import runpy; runpy.run_path('manage.py', run_name='__main__')"
    code = f"import atexit, sys; atexit.register(lambda: print('django' in sys.modules)); {code}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HYBRIDOPS_VENV": sys.prefix})  # fmt: skip
    assert done.stdout.startswith("usage: hybridops runs ") and done.stdout.endswith("False\n"), done.stderr


def test_without_httpx_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['httpx'] = None\nfrom hybridops.client.__main__ import main\nsys.exit(main(['runs']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (
        2,
        "hybridops: the command line needs httpx. Run pip install 'hybridops[client]'.\n",
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_one_line_and_a_file_gets_lines() -> None:
    run = read(Run, run_body())
    for out, ends in ((Terminal(), "\n"), (io.StringIO(), "")):
        live = Live(out)
        for _ in range(2):
            live.show(line_of(run))
        live.end()
        text = out.getvalue()
        assert text.count("\r\x1b[2K") == (2 if out.isatty() else 0) and text.count("R-12") == (
            2 if out.isatty() else 1
        )
        assert text.endswith(ends or "\n") and " 50%" in text and "Sample" in text


def test_nothing_the_site_says_draws_on_the_terminal() -> None:
    evil = read(Run, run_body(why="\x1b]0;owned\x07 \x1b[2J\u202egnp\r\nR-1 accepted", state="\x9b31m"))
    assert not {"\x1b", "\x07", "\r", "\n", "\u202e", "\x9b"} & set(clean(line_of(evil)))
