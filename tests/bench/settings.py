"""The product's settings with a workflow of no-ops and a backend that does nothing beside them."""

from __future__ import annotations

from hybridops.config.settings import *  # noqa: F403

LIVE_SOCKETS_A_PERSON = 5000  # one person watches for all
EXTRA_WORKFLOWS = {"noop": "tests.bench.noop:Noop"}
PROVIDERS = {"null": ("tests.bench.noop:Null", {})}
