"""Fixtures that every room shares."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from hybridops.engine import wiring
from tests.engine import fake
from tests.migrated import migrated_on, use_migrated
from tests.realdb import RealDatabase, real_database
from tests.stamp import stamped_world
from tests.world import World

# A million rounds a password are for those who steal a database; the tests sign in a thousand times.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A thread that outlives its test must not find that test's database again.
connection.settings_dict["CONN_MAX_AGE"] = 0

# One file runs in one process. What takes longest starts first, so that no process is left alone with it at the end.
FIRST = (
    "tests/postgres/test_on_postgresql.py", "tests/web/test_matrix.py", "tests/engine/test_crashes.py",
    "tests/quotas/test_ledger.py", "tests/audit/test_race.py", "tests/approvals/test_race.py",
    "tests/solvers/test_annealing.py", "tests/solvers/test_donors.py", "tests/workflows/test_portfolio.py",
    "tests/definitions/test_drafts.py", "tests/engine/test_erasure_history.py", "tests/providers/test_conformance.py",
    "tests/workflows/test_circuits.py", "tests/workflows/test_molecules.py", "tests/providers/test_service.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(FIRST)))


def pytest_collection_finish() -> None:
    """What was imported stays: no collection of garbage looks through it again, a twentieth of all time."""
    gc.collect()
    gc.freeze()


if connection.vendor == "sqlite":

    @pytest.fixture(scope="session")
    def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> None:
        """Instead of pytest-django's, which migrates in every process."""
        with django_db_blocker.unblock():
            use_migrated(Path(os.environ["HYBRIDOPS_HOME"]))

else:

    @pytest.fixture(scope="session")
    def django_db_modify_db_settings() -> None:
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_on(os.environ["HYBRIDOPS_TEST_STORE_URL"])


@pytest.fixture(autouse=True)
def _fake_workshop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fake workflow and its scripted cloud beside the real ones."""
    monkeypatch.setattr(settings, "EXTRA_WORKFLOWS", {"fake": "tests.engine.fake:Fake"})
    providers = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    monkeypatch.setattr(settings, "PROVIDERS", providers)
    fake.HOOKS.clear()
    fake.CLOUD.__init__()
    fake.ANSWER["quantum"] = 90.0
    for cached in (wiring.workflow, wiring.provider, wiring.implementation):
        cached.cache_clear()
    yield
    for cached in (wiring.workflow, wiring.provider, wiring.implementation):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def _no_second_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cast has set up nothing; tests/teams/test_second_factor.py looks at who has to."""
    monkeypatch.setattr(settings, "SECOND_FACTOR_REQUIRED", False)


@pytest.fixture(autouse=True)
def _own_checkpoints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test's log is not the continuation of another test's."""
    monkeypatch.setattr(settings, "CHECKPOINTS", tmp_path / "checkpoints")


@pytest.fixture
def world(db: None) -> World:
    """The cast with a signed fake workflow, rolled back after the test."""
    return stamped_world()


@pytest.fixture
def real(tmp_path: Path, django_db_blocker: object, _fake_workshop: None) -> Iterator[RealDatabase]:
    """A database with real commits; nobody is called, the test drives the stages itself."""
    with real_database(tmp_path, django_db_blocker) as database:
        yield database
