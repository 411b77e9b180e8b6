"""A worker's connection outlives a job, and is replaced where the server has ended it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybridops.bootstrap import ROOT
from tests.stores import store

SCRIPT = """
import django
django.setup()
import psycopg
from django.db import close_old_connections, connection

def asked():
    close_old_connections()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.connection

first = asked()
assert asked() is first
if connection.vendor == "postgresql":
    told = connection.get_connection_params()
    with psycopg.connect(host=told["host"], port=told["port"], user=told["user"], dbname=told["dbname"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [first.info.backend_pid])
    assert asked() is not first
print("kept")
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_connection_is_kept_as_long_as_it_is_good(kind: str, tmp_path: Path) -> None:
    with store(kind) as place:
        env = (
            os.environ
            | place
            | {"HYBRIDOPS_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "hybridops.config.settings"}
        )
        told = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
    assert told.stdout.strip() == "kept", told.stderr
