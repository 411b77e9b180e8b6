"""One stack a process that all of these tests break: its start costs more than a test does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.chaos.lab import Lab
from tests.long import only_long
from tests.migrated import migrated

QUANTUM_SECONDS = 4.0  # the deadline of its QPU stage, short enough to be waited for


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones run where they are asked for."""
    for item in items:
        if "tests/chaos/" in item.nodeid and item.get_closest_marker("slow"):
            item.add_marker(only_long)


@pytest.fixture(scope="package")
def stack(django_db_blocker: DjangoDbBlocker) -> Iterator[Lab]:
    """With the provider that fails on purpose; as long as no fault is set it is the local one."""
    with django_db_blocker.unblock():
        database = migrated()
    lab = Lab("flaky", database=database, quantum_seconds=QUANTUM_SECONDS)
    try:
        yield lab
    finally:
        lab.end()


@pytest.fixture
def lab(stack: Lab) -> Iterator[Lab]:
    """The stack, with every process running and no fault set before and after the test."""
    if stack.host.poll() is not None or stack.ask("trouble"):  # what an earlier test did is its own failure
        stack.restart()
    stack.ask("fault", name="none")
    for name in stack.ask("pids"):
        stack.pid(name)
    yield stack
    if stack.host.poll() is None:
        stack.ask("end_second")
        stack.ask("fault", name="none")
