"""Starting hybridops and saying so: what `up` and `demo` have in common."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from hybridops.cli.stack import Stack, StackError

READY_SECONDS = 60.0


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free port")
    parser.add_argument("--host", default="127.0.0.1")


def writable_home() -> Path:
    """The data folder, made; one sentence where it cannot be written."""
    home = Path(settings.HOME)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise CommandError(
            f"The data folder {home} cannot be written ({problem.strerror}). "
            "Choose another with HYBRIDOPS_HOME, or mend its rights."
        ) from None
    return home


def migrate() -> None:
    """Brings the database up to date before any process of ours opens it."""
    call_command("migrate", verbosity=0)
    connection.close()


def serve(stack: Stack, say: Callable[[str], object], ready: Callable[[], None]) -> None:
    """Runs the stack until Ctrl-C; `ready` is called once its pages answer."""
    try:
        with stack:
            stack.wait_ready(READY_SECONDS)
            ready()
            stack.run_forever()
    except KeyboardInterrupt:
        pass
    except StackError as problem:
        raise CommandError(str(problem)) from None
    say("Stopped.")


def make_stack(home: Path, port: int, host: str, *, kind: type[Stack] = Stack) -> Stack:
    """The stack, or one sentence why it cannot be."""
    try:
        return kind(home, port, host)
    except StackError as problem:
        raise CommandError(str(problem)) from None
