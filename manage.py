#!/usr/bin/env python3
"""The one door: `python3 manage.py demo`, `test`, `up`, and every other command. Any Python from 3.8 on."""

from __future__ import annotations

import os
import sys

from hybridops import bootstrap

# Where workers and pages share a machine, who looks at a page waits for no solver, nor for its start.
GIVE_WAY = 10


def main() -> None:
    bootstrap.ensure(sys.argv)  # returns only inside the project's environment

    from hybridops.client.verbs import is_clients

    if is_clients(sys.argv[1:]):  # about a site over the network: what pip installs elsewhere
        from hybridops.client.__main__ import main as client

        sys.exit(client(sys.argv[1:]))

    if sys.argv[1:2] == ["worker"]:
        os.nice(GIVE_WAY)

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    import hybridops.config  # noqa: F401  (chooses the SQLite library before Django loads one)

    if sys.argv[1:2] == ["demo"]:  # before any setting is read: these two say that it is the demo
        os.environ.setdefault("HYBRIDOPS_DEMO", "1")
        os.environ.setdefault("HYBRIDOPS_HOME", str(bootstrap.ROOT / "data" / "demo"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(f"hybridops: {problem}")


if __name__ == "__main__":
    main()
