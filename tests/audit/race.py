"""Sixteen appenders, three of whom also give places and sign: `python -m tests.audit.race` in a database of its own.

At the end every event has one place, the places are dense, no checkpoint contradicts another, and what was
rolled back was never told.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from typing import Any

WRITERS, ROUNDS = 16, 15


class Undone(Exception):
    """Raised on purpose, so that a transaction is taken back."""


def append(number: int, results: Any) -> None:
    """One appender in a process of its own."""
    import django

    django.setup()
    from django.db import transaction

    from hybridops.audit.services import record, seal, sequence
    from hybridops.domain.actors import Actor

    actor = Actor("person", str(number % 5), f"Person {number % 5}")
    told = 0
    for n in range(ROUNDS):
        try:
            with transaction.atomic():
                record(stream=f"race:{n % 3}", action="race.told", actor=actor, facts={"by": number, "n": n})
                record(
                    stream=f"own:{number}", action="race.told", actor=actor, facts={}, personal={"why": "so"}
                )
                if n % 7 == 3:
                    raise Undone
            told += 2
        except Undone:
            pass
        if number < 3:
            sequence(limit=9)
            seal()
    results.put(told)


def main() -> None:
    import django

    django.setup()
    from django.db import connection

    from tests.migrated import set_up

    set_up()
    from hybridops.audit import keyring

    keyring.make_missing()
    connection.close()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    writers = [context.Process(target=append, args=(number, results)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    told = sum(results.get(timeout=100) for _ in writers)
    for writer in writers:
        writer.join()
    print(json.dumps(_found(told, [writer.exitcode for writer in writers])))


def _found(told: int, exits: list[int | None]) -> dict[str, Any]:
    from hybridops.audit.models import AuditEvent, Checkpoint, Leaf, Payload
    from hybridops.audit.services import seal, sequence
    from hybridops.audit.verify import verify

    while sequence():
        pass
    seal()
    places = list(Leaf.objects.order_by("index").values_list("index", flat=True))
    report = verify()
    return {
        "exits": sorted(set(exits)),
        "told": told,
        "events": AuditEvent.objects.count(),
        "dense": places == list(range(told)),
        "checkpoints": Checkpoint.objects.count(),
        "findings": report.findings,
        "sealed": report.sealed,
        "names": Payload.objects.filter(field="name").values("about").distinct().count(),
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    sys.exit(main())
