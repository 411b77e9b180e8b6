"""A site on a port of its own over a real database, a worker beside it, and people's command lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connection

from hybridops.client import Client, Patience
from hybridops.domain.states import ENDINGS
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments.models import Run
from tests.api.calling import person
from tests.realdb import RealDatabase
from tests.world import World

HASTE = Patience(connect=2, read=10, whole=20, pause=0.01, pause_max=0.05)


class Quiet(WSGIRequestHandler):
    def log_message(self, *said: Any) -> None:
        pass


@dataclass
class Served:
    """`as_` is somebody's client; nobody waits long between two looks."""

    url: str
    world: World

    def as_(self, name: str, **more: Any) -> Client:
        return self.with_token(person(self.world.people[name]).token, **more)

    def with_token(self, token: str, **more: Any) -> Client:
        return Client(
            self.url, token=token, patience=HASTE, sleep=lambda _: Event().wait(0.02) and None, **more
        )


@pytest.fixture
def served(real: RealDatabase, settings: Any) -> Iterator[Served]:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    settings.IDP_OIDC_DEVICE_CODE_INTERVAL = 0
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(WSGIHandler())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Served(f"http://127.0.0.1:{server.server_port}", real.world)
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def worker() -> Iterator[None]:
    """Does what workers do, beside the site."""
    over = Event()

    def work() -> None:
        while not over.wait(0.02):
            for pk in Run.objects.exclude(state__in=ENDINGS).values_list("pk", flat=True):
                drive(pk)
                ask_providers(pk)
        connection.close()

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYBRIDOPS_CONFIG", str(tmp_path / "config"))
    for name in ("HYBRIDOPS_URL", "HYBRIDOPS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config"
