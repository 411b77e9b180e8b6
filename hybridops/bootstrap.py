"""Hand over to a Python that has what hybridops needs.

Standard library only, and syntax that Python 3.8 reads: it runs before anything is installed. A miss is
one sentence on stderr and exit code 1. The file `installed` in the environment holds the SHA-256 of the
lock that was installed, so an unchanged lock starts at once and a changed one is installed again.

HYBRIDOPS_VENV names another folder than `.venv`; HYBRIDOPS_REQUIREMENTS=vendors asks for the vendors' clients as
well, =dev for these and the tools of the tests.
Each start leaves the programs `hybridops` and `hybridops-verify` in the environment, for this checkout.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, List, NoReturn, Optional, Sequence

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
CONTAINED = ("core", "vendors", "dev")  # each lock holds those before it
OLDEST = (3, 12)
PREFERRED = ("3.13", "3.12", "3.14")
SECONDS_MAX = 900
# Whoever cannot say this is no Python: pyenv's shims exist for inactive versions too and fail when run.
PROBE = "import sys, venv; print('.'.join(map(str, sys.version_info[:2])))"
GUARD = "HYBRIDOPS_HANDED_OVER"
PROGRAMS = {"hybridops": "manage", "hybridops-verify": "hybridops.trust.__main__"}
# First a shell reads it, which finds the environment's Python wherever the folder was moved; then that Python.
PROGRAM = """#!/bin/sh
'''exec' "$(dirname -- "$(readlink -f -- "$0")")/python" "$0" "$@"
' '''
import os
import sys

root = os.path.abspath(os.path.join(sys.prefix, {root!r}))
if not os.path.isfile(os.path.join(root, "manage.py")):
    sys.exit("hybridops: it is no longer in " + root + "; run python3 manage.py --version where it is now.")
sys.path.insert(0, root)
os.environ["HYBRIDOPS_VENV"] = sys.prefix

from {module} import main

sys.exit(main())
"""


class Miss(Exception):
    """One sentence that says what is missing and what to do."""


def ensure(argv: Sequence[str]) -> None:
    """Return inside the project's environment with the locked packages; else re-run there, or exit with 1."""
    try:
        _ensure(argv)
    except Miss as miss:
        sys.exit("hybridops: {}".format(miss))
    except KeyboardInterrupt:
        sys.exit(130)


def _ensure(argv: Sequence[str]) -> None:
    venv, lock = venv_folder(), wanted_lock(argv)
    inside = os.path.realpath(sys.prefix) == os.path.realpath(str(venv))
    if inside and is_installed(venv, lock):
        keep_bytecode(venv)
        os.environ.pop(GUARD, None)
        write_programs(venv)
        return
    if not is_installed(venv, lock):
        with only_one(venv.parent):
            if not is_installed(venv, lock):
                install(venv, lock)
    keep_bytecode(venv)
    rerun(venv, argv)


def keep_bytecode(venv: Path) -> None:
    """Move to the environment what PYTHONDONTWRITEBYTECODE keeps out of the sources.

    Without any bytecode each of the processes that follow would compile all packages again, for seconds.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(venv / "bytecode")
        sys.dont_write_bytecode = False


def venv_folder() -> Path:
    return Path(os.environ.get("HYBRIDOPS_VENV") or ROOT / ".venv").absolute()


def wanted_lock(argv: Sequence[str]) -> Path:
    """`test` needs the tools of the tests; everything else runs on the core, or on what the environment asks for."""
    asked = "dev" if "test" in argv[1:2] else os.environ.get("HYBRIDOPS_REQUIREMENTS") or "core"
    if asked not in CONTAINED:
        raise Miss("HYBRIDOPS_REQUIREMENTS is {}; it can be {}.".format(asked, ", ".join(CONTAINED)))
    return LOCKS / "{}.txt".format(asked)


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def is_installed(venv: Path, lock: Path) -> bool:
    """Whether the environment holds this lock, or one that contains it."""
    try:
        stamp = (venv / "installed").read_text().strip()
    except OSError:
        return False
    larger = CONTAINED[CONTAINED.index(lock.stem) :]
    return os.access(str(python_of(venv)), os.X_OK) and stamp in [
        digest(LOCKS / "{}.txt".format(name)) for name in larger
    ]


def digest(lock: Path) -> str:
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError:
        raise Miss("{} is missing; restore it from the repository.".format(lock)) from None


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let one start install at a time. The lock is on the folder itself and ends with the process."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(str(folder), os.O_RDONLY)
    except OSError:
        raise Miss(unwritable(folder)) from None
    try:
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise Miss(
                        "Another start has been installing for too long; end it and try again."
                    ) from None
                time.sleep(0.2)
        yield
    finally:
        os.close(handle)


def unwritable(folder: Path) -> str:
    return "Cannot write to {}; make it writable, or set HYBRIDOPS_VENV to a folder that is.".format(folder)


def install(venv: Path, lock: Path) -> None:
    made = is_usable(str(python_of(venv)))
    python = str(python_of(venv)) if made else find_python()
    version = is_usable(python)
    print(
        "Installing what hybridops needs (Python {}, {}): about a minute, only once ...".format(
            version, lock.stem
        ),
        file=sys.stderr,
        flush=True,
    )
    if not made:
        make_venv(python, venv)
    fill_venv(venv, lock)
    with contextlib.suppress(OSError):
        (venv / "installed").write_text(digest(lock) + "\n")


def find_python() -> str:
    for candidate in candidates():
        if is_usable(candidate):
            return candidate
    raise Miss(
        "Python 3.12 or newer is needed and none was found (this is {}.{}); install Python 3.13 and "
        "run the command again.".format(*sys.version_info[:2])
    )


def candidates() -> Iterator[str]:
    """Where a Python may be, best first: PATH, this one, pyenv's versions, what an installed uv knows."""
    for version in PREFERRED:
        found = shutil.which("python" + version)
        if found:
            yield found
    yield sys.executable
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in PREFERRED:
        for python in sorted(versions.glob(version + "*/bin/python")):
            yield str(python)
    uv = shutil.which("uv")
    if uv:
        output = run([uv, "python", "find", "--no-project", ">=3.12"], seconds=30)
        if output is not None:
            yield output.strip()


def is_usable(python: str) -> Optional[str]:
    """The version of a Python that is new enough and can make environments, else None."""
    output = run([python, "-c", PROBE], seconds=30) if python else None
    try:
        version = tuple(int(part) for part in (output or "").strip().split("."))
    except ValueError:
        return None
    return ".".join(map(str, version)) if version >= OLDEST else None


def make_venv(python: str, venv: Path) -> None:
    if venv.is_dir() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").is_file():
        raise Miss("{} holds something else; move it away, or set HYBRIDOPS_VENV.".format(venv))
    try:
        venv.mkdir(parents=True, exist_ok=True)
        probe = venv / "installed"
        probe.write_text("")
        probe.unlink()
    except OSError:
        raise Miss(unwritable(venv)) from None
    if run([python, "-m", "venv", "--clear", str(venv)]) is not None:
        return
    uv = shutil.which("uv")  # Debian keeps ensurepip in a package of its own; uv needs none
    if uv and run([uv, "venv", "--clear", "--seed", "--python", python, str(venv)]) is not None:
        return
    raise Miss(
        "{} cannot make environments; install its package for that (Debian: python3-venv).".format(python)
    )


def fill_venv(venv: Path, lock: Path) -> None:
    """Install the lock with uv, or with pip where uv cannot be had; `install.log` keeps what went wrong."""
    python, log = str(python_of(venv)), venv / "install.log"
    options = "-q --disable-pip-version-check --retries 1 --require-hashes"
    pip = [python, "-m", "pip", "install", *options.split()]
    run([*pip, "-r", str(LOCKS / "uv.txt")], log=log)
    uv = shutil.which("uv", path=str(venv / "bin")) or shutil.which("uv")
    by_uv = [str(uv), "pip", "install", "-q", "--python", python, "--require-hashes", "-r", str(lock)]
    if uv and run(by_uv, log=log) is not None:
        return
    if run([*pip, "-r", str(lock)], log=log) is None:
        raise Miss(
            "The packages could not be installed; check the network and the disk, then run the command "
            "again (details in {}).".format(log)
        )


def write_programs(venv: Path) -> None:
    """Put the programs into the environment where they are missing or run another checkout."""
    home = Path(os.path.realpath(str(venv)))
    root = os.path.relpath(str(ROOT), str(home)) if ROOT in home.parents else str(ROOT)
    for name, module in PROGRAMS.items():
        file, text = home / "bin" / name, PROGRAM.format(root=root, module=module)
        with contextlib.suppress(OSError):  # an environment that is not ours to write stays as it is
            if not file.is_file() or file.read_text() != text:
                fresh = home / "bin" / "{}.{}".format(name, os.getpid())
                fresh.write_text(text)
                fresh.chmod(0o755)
                fresh.replace(file)


def run(argv: List[str], *, seconds: int = SECONDS_MAX, log: Optional[Path] = None) -> Optional[str]:
    """What a command printed, or None where it failed, is missing, or took too long."""
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    environment.pop("PYTHONPATH", None)
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.DEVNULL,
            timeout=seconds,
            env=environment,
            cwd=str(ROOT),
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    output = done.stdout.decode(errors="replace")
    if log and done.returncode:
        with contextlib.suppress(OSError), log.open("a") as file:
            file.write("{}\n{}\n".format(" ".join(argv), output))
    return output if done.returncode == 0 else None


def rerun(venv: Path, argv: Sequence[str]) -> NoReturn:
    python = str(python_of(venv))
    if os.environ.get(GUARD) == str(venv):
        raise Miss("{} does not start as an environment; remove {} and try again.".format(python, venv))
    os.environ[GUARD] = str(venv)
    try:
        os.execv(python, [python, str(ROOT / "manage.py"), *argv[1:]])
    except OSError:
        raise Miss("{} cannot be started; remove {} and try again.".format(python, venv)) from None
