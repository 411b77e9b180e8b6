"""Adapters to places that run circuits: each keeps the contract `Provider` of `domain.ports`.

    local.py    a simulator that behaves like a remote service: a queue on disk, a process that works it off
    flaky.py    the same service with one fault at a time, for tests and demonstrations
    ibm.py, braket.py, ionq.py, dwave.py   vendors; `*_words.py` hold their words and ours, `*_session.py` their SDK
    conformance.py, conformance_remote.py  what every adapter has to pass, and what one to a vendor has to
    fakecloud/  the vendors played over HTTP, for tests and rehearsals
    secrets.py, secrets_vault.py   where credentials come from

The simulators' adapters only read and write the job store, so every call but `compile` takes milliseconds and
imports no quantum library. The work is done by `manage.py simulator` (service.py), one child process a job
(runner.py). A vendor's SDK is imported when its adapter is first asked, by a worker.
"""

from __future__ import annotations
