"""Adapters to places that run circuits: each keeps the contract `Provider` of `domain.ports`.

    local.py    a simulator that behaves like a remote service: a queue on disk, a process that works it off
    flaky.py    the same service with one fault at a time, for tests and demonstrations
    conformance.py   what every adapter has to pass

Adapters only read and write the job store, so every call but `compile` takes milliseconds and imports no
quantum library. The work is done by `manage.py simulator` (service.py), one child process a job (runner.py).
"""

from __future__ import annotations
