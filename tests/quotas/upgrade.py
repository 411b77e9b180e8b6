"""A ledger of before double entry is brought up to date, as a program: `python -m tests.quotas.upgrade`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

MOMENT = "2026-11-01 10:00:00+00:00"
# (entry, reservation, kind, amount): a limit of 100 lowered to 90, one promise settled, one over, one back, one held
ENTRIES = (
    ("a", None, "ALLOCATE", 100), ("b", 1, "RESERVE", 30), ("c", 1, "SETTLE", 12), ("d", 2, "RESERVE", 5),
    ("e", 2, "SETTLE", 5), ("f", 2, "OVERRUN", 4), ("g", 3, "RESERVE", 20), ("h", 3, "RELEASE", 20),
    ("i", None, "ALLOCATE", 90), ("j", 4, "RESERVE", 7),
)  # fmt: skip
RESERVATIONS = ((1, "settled", 30, 12), (2, "settled", 5, 9), (3, "released", 20, 0), (4, "held", 7, None))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import DatabaseError, transaction

    call_command("migrate", "quotas", "0003", verbosity=0)
    _fill()
    call_command("migrate", verbosity=0)
    from hybridops.quotas.books import differences
    from hybridops.quotas.models import Budget, LedgerEntry

    refused = []
    for change in ({"amount": 1}, {"kind": "RELEASE"}):
        try:
            with transaction.atomic():
                LedgerEntry.objects.update(**change)
        except DatabaseError:
            refused.append("update")
    for values in ({"pending_micro": 79}, {"pending_shots": -1}):
        try:
            with transaction.atomic():
                Budget.objects.update(**values)
        except DatabaseError:
            refused.append("budget")
    told = {"differences": [str(one) for one in differences()], "refused": refused}
    json.dump(told | {"entries": LedgerEntry.objects.count()}, sys.stdout)


def _fill() -> None:
    from django.db import connection

    with connection.cursor() as cursor:

        def put(table: str, **values: Any) -> None:
            names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))

        put("teams_team", id=1, slug="t", name="T")
        put(
            "quotas_budget", id=1, team_id=1, backend="", name="B", starts_on="2026-11-01", ends_on="2026-11-30",
            limit_micro=90, pending_micro=7, posted_micro=17, overrun_micro=4, frozen=False,
        )  # fmt: skip
        for pk, state, amount, settled in RESERVATIONS:
            put(
                "quotas_reservation", id=pk, key=f"k{pk}", state=state, run_id=1, what="", amount_micro=amount,
                settled_micro=settled, price_book="b", made_at=MOMENT, ended_at=None,
            )  # fmt: skip
        for number, (name, held, kind, amount) in enumerate(ENTRIES, start=1):
            put(
                "quotas_ledgerentry", id=number, entry_id=name, budget_id=1, reservation_id=held, kind=kind,
                amount_micro=amount, at=MOMENT,
            )  # fmt: skip


if __name__ == "__main__":
    main()
