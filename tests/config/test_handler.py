"""A page changes threads once, and the next one finds the connection that it left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybridops.bootstrap import ROOT
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
    assert '"answers": [200, ' in told.stdout, told.stderr[-2000:]
    assert '"connections": 1}' in told.stdout, told.stdout
    assert '"changes": 3,' in told.stdout, told.stdout
