"""One demo and one Chromium a process for all of these tests.

They end with this folder, not with the session: Playwright's loop would be in the way of asynchronous tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django import DjangoDbBlocker

from hybridops.cli.rehearsal.cast import CAST
from tests.e2e.chromium import NoBrowser, Watch, launched, sign_in
from tests.e2e.site import Site, running_site
from tests.migrated import migrated
from tests.stores import skip_or_fail

NAMES = {login: name for login, name, _ in CAST}
type Desk = Callable[..., Page]
type Readers = Callable[[str], tuple[Page, Watch]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def database(django_db_blocker: DjangoDbBlocker) -> Path:
    """Made before the browser starts: Django refuses to migrate inside Playwright's loop."""
    with django_db_blocker.unblock():
        return migrated()


@pytest.fixture(scope="package")
def chromium(database: Path) -> Iterator[Browser]:
    running = launched()
    try:
        browser = running.__enter__()
    except NoBrowser as reason:
        skip_or_fail(str(reason))
    yield browser
    running.__exit__(None, None, None)


@pytest.fixture(scope="package")
def site(chromium: Browser, database: Path) -> Iterator[Site]:
    with running_site(database) as found:
        yield found


@pytest.fixture(scope="package")
def sessions() -> dict[str, Any]:
    """Who has signed in already: once a person is enough."""
    return {}


@pytest.fixture
def watch(site: Site) -> Watch:
    return Watch(site.url)


@pytest.fixture(scope="package")
def places(chromium: Browser, site: Site, sessions: dict[str, Any]) -> Callable[..., BrowserContext]:
    """Makes a place for somebody in the browser, signed in."""

    def make(
        login: str, *, script: bool = True, width: int = 1440, height: int = 900, **more: Any
    ) -> BrowserContext:
        if login and login not in sessions:
            sessions[login] = _session(chromium, site, login)
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            storage_state=sessions.get(login),
            **more,
        )
        context.set_default_timeout(15_000)
        return context

    return make


@pytest.fixture
def desk(places: Callable[..., BrowserContext], watch: Watch) -> Iterator[Desk]:
    """`desk("ines")` is a page of hers; `desk("")` one of nobody. Afterwards: no errors, no other host."""
    opened = []

    def sit(login: str, **more: Any) -> Page:
        context = places(login, **more)
        watch.over(context)
        opened.append(context)
        return context.new_page()

    yield sit
    for context in opened:
        context.close()
    watch.saw_nothing()


@pytest.fixture(scope="package")
def readers(places: Callable[..., BrowserContext], site: Site) -> Readers:
    """`readers("ines")` is one page of hers for all who only look: a new one is a new process with nothing cached."""

    @cache
    def open_one(login: str) -> tuple[Page, Watch]:
        context, watch = places(login, reduced_motion="reduce"), Watch(site.url)
        watch.over(context)
        return context.new_page(), watch

    return open_one


def _session(chromium: Browser, site: Site, login: str) -> Any:
    context = chromium.new_context(base_url=site.url)
    sign_in(context.new_page(), NAMES[login])
    state = context.storage_state()
    context.close()
    return state
