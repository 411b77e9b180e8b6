"""The environment of every test, chosen before any setting is read: its own data folder, no real keys."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "HYBRIDOPS_TEST_HOME" not in os.environ:  # workers of pytest-xdist have folders in their parent's
    _home = tempfile.mkdtemp(prefix="hybridops-test-")
    os.environ["HYBRIDOPS_TEST_HOME"] = _home
    atexit.register(shutil.rmtree, _home, ignore_errors=True)

_own = Path(os.environ["HYBRIDOPS_TEST_HOME"], os.environ.get("PYTEST_XDIST_WORKER", "main"))
_own.mkdir(exist_ok=True)
os.environ["HYBRIDOPS_HOME"] = str(_own)
os.environ["HYBRIDOPS_SECRET_KEY"] = "a key for tests, not a secret"
os.environ["HYBRIDOPS_MAIL"] = "locmem"
# As in a worker of the product: beside each other, threads of linear algebra wait for each other and spin.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
for _name in (
    "DATABASE_URL",
    "REDIS_URL",
    "HYBRIDOPS_DEMO",
    "HYBRIDOPS_DEBUG",
    "HYBRIDOPS_HTTPS",
    "HYBRIDOPS_STATIC_ROOT",
):
    os.environ.pop(_name, None)

if os.environ.get("HYBRIDOPS_TEST_STORE") == "postgresql":  # see tests/postgres
    os.environ["DATABASE_URL"] = os.environ["HYBRIDOPS_TEST_STORE_URL"]
