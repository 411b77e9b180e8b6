"""A rehearsal stage: one HTTP server on loopback that answers as the vendors do, in their own dialects.

    cloud.py      what all dialects share: the clock, the jobs, the script of faults, the machines
    jobs.py       jobs in one SQLite file; a job's state follows from its times and the clock
    faults.py     what goes wrong, when and how often
    machines.py   who computes the counts: our simulators on calibration snapshots of real machines
    endpoint.py   from an HTTP request to a handler, through the script
    serve.py      the server itself
    braket.py ...  a dialect each: its paths, its words for states, its errors

Nothing here is known to the adapters: they are pointed at its address by configuration, as at a vendor's.
Credentials are compared, signatures are not checked. What a vendor does in ways that no adapter sees is left out.
"""

from __future__ import annotations
