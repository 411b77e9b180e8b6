"""The databases that tests run on: a SQLite file always, PostgreSQL where one answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from tests.migrated import migrated_on

SERVER = os.environ.get("HYBRIDOPS_TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def skip_or_fail(reason: str) -> None:
    """A service that is not here skips the test with its reason; in CI, which installs it, that is a failure."""
    if os.environ.get("HYBRIDOPS_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def postgres(*, filled: bool = False) -> Iterator[str]:
    """The address of a new PostgreSQL database, empty or with every table, dropped afterwards."""
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as problem:
        skip_or_fail(f"no PostgreSQL answers: {problem}")
    name = f"hybridops_{uuid4().hex[:12]}"
    with server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_on(SERVER) if filled else 'template1'}")
    try:
        yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(SERVER, autocommit=True) as again:
            again.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def store(kind: str, *, filled: bool = True) -> Iterator[dict[str, str]]:
    """The environment that points a child process at a database of this kind; `migrated.set_up` there makes it ready.

    Not `filled` it has no table, for who migrates it by steps.
    """
    if kind == "postgresql":
        with postgres(filled=filled) as url:
            yield {"DATABASE_URL": url}
    else:
        yield {"DATABASE_URL": ""}
