"""A page changes threads once and leaves its connection to the next; more than any page takes is not kept."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hybridops.bootstrap import ROOT
from hybridops.config.handler import Pages
from tests.stores import store

SCRIPT = """
import asyncio, json
from asgiref import sync
from asgiref.testing import ApplicationCommunicator
from tests.migrated import set_up
set_up()
from hybridops.config.asgi import application
from django.db.backends.signals import connection_created

made, hops, whole = [], [], sync.SyncToAsync.__call__
connection_created.connect(lambda **told: made.append(1), weak=False)

async def counted(self, *given, **more):
    hops.append(1)
    return await whole(self, *given, **more)

sync.SyncToAsync.__call__ = counted

async def ask(path):
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
             "root_path": "", "scheme": "http", "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("localhost", 80)}
    one = ApplicationCommunicator(application, scope)
    await one.send_input({"type": "http.request", "body": b"", "more_body": False})
    answer = await one.receive_output(20)
    while (await one.receive_output(20)).get("more_body"):
        pass
    await one.wait(20)
    return answer["status"]

async def main():
    answers, changes = [], []
    for path in ("/sign-in/", "/readyz", "/sign-in/", "/nothing/", "/sign-in/"):
        hops.clear()
        answers.append(await ask(path))
        changes.append(len(hops))
    print(json.dumps({"answers": answers, "changes": max(changes), "connections": len(made)}))

asyncio.run(main())
"""


@pytest.fixture
def pages() -> Pages:
    return Pages()


async def sent(pages: Pages, path: str, parts: int) -> tuple[int, dict[str, str], bytes, int]:
    """Status, headers and body of what so many megabytes are answered with, and how many of them were read."""
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path, "query_string": b"", "headers": [(b"host", b"testserver")]}  # fmt: skip
    read, told = 0, list[Any]()

    async def receive() -> dict[str, Any]:
        nonlocal read
        if read == parts:
            await asyncio.sleep(60)
        read += 1
        return {"type": "http.request", "body": b"x" * 1024**2, "more_body": read < parts}

    async def send(message: Any) -> None:
        told.append(message)

    await pages(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in told[0]["headers"]}
    return told[0]["status"], headers, b"".join(one["body"] for one in told[1:]), read


@pytest.mark.django_db
async def test_more_than_any_page_takes_is_refused_before_it_is_kept(pages: Pages) -> None:
    status, headers, body, read = await sent(pages, "/sign-in/", 300)
    assert (status, headers["connection"], read) == (413, "close", 17)
    assert body == b"At most 16 MB are read."
    status, headers, body, read = await sent(pages, "/api/v1/runs", 300)
    assert (status, read, json.loads(body)["code"]) == (413, 17, "too_large")
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.django_db
async def test_what_is_within_it_reaches_its_page(pages: Pages) -> None:
    assert (await sent(pages, "/nothing/", 16))[0] == 404


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_requests_share_threads_and_connections(kind: str, tmp_path: Path) -> None:
    """Two of the three changes are Django's own signals of the beginning and the end."""
    with store(kind) as place:
        env = os.environ | {
            "HYBRIDOPS_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "hybridops.config.settings", "REDIS_URL": "redis://127.0.0.1:1/0",
        } | place  # fmt: skip
        told = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
    assert told.returncode == 0, told.stderr[-2000:]
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["answers"][::2] == [200] * 3
    assert found["changes"] == 3
    assert found["connections"] <= 2  # a thread that has just answered may not be seen as free yet
