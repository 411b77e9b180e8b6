from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hybridops import bootstrap

ROOT = Path(__file__).resolve().parents[2]
# A Python that is too old, or none, as far as the bootstrap can tell: it asks what it finds for its version.
OLD = "#!/bin/sh\necho 3.11\n"
SHIM = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
RUN = """
import sys
from hybridops import bootstrap
bootstrap.OLDEST = (99,)
bootstrap.ensure(["manage.py", *sys.argv[1:]])
"""


def start(*argv: str, env: dict[str, str], code: str = RUN) -> subprocess.CompletedProcess[str]:
    """Start as on a bare machine: nothing of our environment but what is given."""
    return subprocess.run(
        [sys.executable, "-c", code, *argv],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_without_a_new_enough_python_it_is_one_sentence(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "python3.13", SHIM)
    program(tmp_path / "bin" / "python3.12", OLD)
    env = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path), "HYBRIDOPS_VENV": str(tmp_path / "venv")}
    env["PYTHONDONTWRITEBYTECODE"] = "1"  # whose bytecode must not be in the way of an environment to be made
    done = start("demo", env=env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("hybridops: Python 3.12 or newer is needed and none was found")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "venv").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = {"PATH": "", "HOME": str(tmp_path), "HYBRIDOPS_VENV": str(tmp_path / "file" / "venv")}
    done = start("demo", env=env)
    assert done.returncode == 1
    assert done.stderr.startswith("hybridops: Cannot write to")
    assert done.stderr.count("\n") == 1


def test_it_never_clears_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    with pytest.raises(bootstrap.Miss, match="holds something else"):
        bootstrap.make_venv(sys.executable, tmp_path / "letters")
    assert (tmp_path / "letters" / "love.txt").read_text() == "dear"


def test_a_python_without_venv_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    broken = program(tmp_path / "python3.13", "#!/bin/sh\nexit 1\n")
    with pytest.raises(bootstrap.Miss, match="python3-venv"):
        bootstrap.make_venv(str(broken), tmp_path / "venv")


def test_packages_that_cannot_be_had_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/bin")
    program(tmp_path / "bin" / "python", "#!/bin/sh\necho no network\nexit 1\n")
    with pytest.raises(bootstrap.Miss, match="could not be installed; check the network"):
        bootstrap.fill_venv(tmp_path, bootstrap.LOCKS / "core.txt")
    assert "no network" in (tmp_path / "install.log").read_text()


def test_path_comes_first_then_this_python_then_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = [program(tmp_path / "bin" / name, OLD) for name in ("python3.13", "python3.14")]
    pyenv = [program(tmp_path / "pyenv/versions" / name / "bin/python", OLD) for name in ("3.12.1", "3.13.0")]
    program(tmp_path / "pyenv/versions/3.11.7/bin/python", OLD)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    expected = [*on_path, sys.executable, *reversed(pyenv)]
    assert list(bootstrap.candidates()) == [str(python) for python in expected]


@pytest.mark.parametrize(
    ("text", "usable"), [(OLD, None), (SHIM, None), ("#!/bin/sh\necho 3.13\n", "3.13"), ("", None)]
)
def test_a_python_is_believed_only_when_it_answers(tmp_path: Path, text: str, usable: str | None) -> None:
    assert bootstrap.is_usable(str(program(tmp_path / "python", text))) == usable


def test_the_stamp_says_which_lock_is_installed(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "python", OLD)
    locks = core, vendors, dev = [bootstrap.LOCKS / f"{name}.txt" for name in ("core", "vendors", "dev")]
    assert not bootstrap.is_installed(tmp_path, core)
    for held, serves in ((core, [True, False, False]), (vendors, [True, True, False]), (dev, [True] * 3)):
        (tmp_path / "installed").write_text(hashlib.sha256(held.read_bytes()).hexdigest())
        assert [bootstrap.is_installed(tmp_path, lock) for lock in locks] == serves
    (tmp_path / "installed").write_text("another lock")
    assert not bootstrap.is_installed(tmp_path, core)


def test_only_the_tests_need_the_tools_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYBRIDOPS_REQUIREMENTS", raising=False)
    assert bootstrap.wanted_lock(["manage.py", "demo"]).name == "core.txt"
    assert bootstrap.wanted_lock(["manage.py", "test", "-k", "x"]).name == "dev.txt"
    assert bootstrap.wanted_lock(["manage.py"]).name == "core.txt"


def test_the_environment_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked in ("vendors", "dev"):
        monkeypatch.setenv("HYBRIDOPS_REQUIREMENTS", asked)
        assert bootstrap.wanted_lock(["manage.py", "up"]).name == f"{asked}.txt"
        assert bootstrap.wanted_lock(["manage.py", "test"]).name == "dev.txt"
    monkeypatch.setenv("HYBRIDOPS_REQUIREMENTS", "everything")
    with pytest.raises(bootstrap.Miss, match="it can be core, vendors, dev"):
        bootstrap.wanted_lock(["manage.py", "up"])


def test_what_is_kept_out_of_the_sources_is_compiled_once_all_the_same(tmp_path: Path) -> None:
    code = "import sys; from hybridops import bootstrap; bootstrap.keep_bytecode(bootstrap.venv_folder())"
    code += (
        "; import os, subprocess; subprocess.run([sys.executable, '-c', 'import chunk_of_ours'], check=True)"
    )
    (tmp_path / "chunk_of_ours.py").write_text("")
    env = {"PATH": "/bin", "HYBRIDOPS_VENV": str(tmp_path / "venv"), "PYTHONPATH": str(tmp_path)}
    for asked, kept in (("1", True), ("", False)):
        done = start(env=env | {"PYTHONDONTWRITEBYTECODE": asked}, code=code)
        assert done.returncode == 0, done.stderr
        assert bool(list((tmp_path / "venv").rglob("chunk_of_ours*.pyc"))) == kept
        assert bool(list(tmp_path.glob("__pycache__/chunk_of_ours*.pyc"))) != kept
        shutil.rmtree(tmp_path / "venv", ignore_errors=True)


def test_an_environment_that_does_not_start_as_one_is_a_sentence_and_no_loop(tmp_path: Path) -> None:
    # Its "python" is another environment's: it would hand over to itself for ever.
    (tmp_path / "installed").write_text(
        hashlib.sha256((bootstrap.LOCKS / "core.txt").read_bytes()).hexdigest()
    )
    wrapper = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
    program(tmp_path / "bin" / "python", wrapper)
    env = {"PATH": os.environ["PATH"], "HYBRIDOPS_VENV": str(tmp_path)}
    done = start("--version", env=env, code=RUN.replace("bootstrap.OLDEST = (99,)", ""))
    assert done.returncode == 1
    assert "does not start as an environment" in done.stderr


def test_it_stays_readable_for_old_pythons() -> None:
    import ast

    for name in ("manage.py", "hybridops/__init__.py", "hybridops/bootstrap.py"):
        read = ast.parse((ROOT / name).read_text(), feature_version=(3, 8))
        if name.endswith("__init__.py"):  # it comes along before anything is installed
            assert all(isinstance(line, ast.Assign | ast.ImportFrom) for line in read.body)


@pytest.mark.skipif(
    not os.environ.get("HYBRIDOPS_TEST_INSTALL"), reason="installs everything: HYBRIDOPS_TEST_INSTALL=1"
)
def test_a_bare_machine_reaches_django(tmp_path: Path) -> None:
    python = shutil.which("python3", path=os.defpath) or sys.executable
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "HYBRIDOPS_VENV": str(tmp_path / "venv")}
    for _ in range(2):
        done = subprocess.run(
            [python, "manage.py", "--version"], env=env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("6.1")
    assert done.stderr == ""
    for name in bootstrap.PROGRAMS:
        assert os.access(tmp_path / "venv" / "bin" / name, os.X_OK)
