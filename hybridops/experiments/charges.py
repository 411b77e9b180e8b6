"""Every booked amount of runs as a charge: the bill as it was first booked, and each correction after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import batched
from zoneinfo import ZoneInfo

from django.conf import settings

from hybridops.domain.focus import Charge
from hybridops.experiments.figures import Spend
from hybridops.experiments.models import Submission
from hybridops.quotas.charged import bill_lines_of, settled_of
from hybridops.quotas.models import InvoiceLine, Reservation
from hybridops.quotas.periods import day_of, month

CHUNK = 400  # runs at a time


def charges(runs: Iterable[Spend]) -> Iterator[Charge]:
    """The charges of these runs, in their order; together they are what the runs cost, to the last micro-dollar."""
    for some in batched(runs, CHUNK):
        ids = [one.run for one in some]
        bills: dict[int, list[Reservation]] = defaultdict(list)
        for row in settled_of(ids):
            bills[row.run_id].append(row)
        lines: dict[int, list[InvoiceLine]] = defaultdict(list)
        for line in bill_lines_of(ids):
            lines[line.reservation_id or 0].append(line)
        jobs = {row.reservation: row for row in Submission.objects.filter(run__in=ids)}
        for one in some:
            for bill in bills[one.run]:
                yield from _of(one, bill, lines[bill.pk], jobs)


def _of(
    run: Spend, bill: Reservation, lines: list[InvoiceLine], jobs: Mapping[str, Submission]
) -> Iterator[Charge]:
    booked = [line for line in lines if line.how == InvoiceLine.BOOKED]
    first = (bill.settled_micro or 0) - sum(line.difference_micro or 0 for line in booked)
    ended, job = bill.ended_at or bill.made_at, jobs.get(bill.key)
    made = Charge(
        key=bill.key, run=run.run, title=run.title, what=bill.what, team=(run.keys["team"], run.names["team"]),
        project=run.keys["project"], workflow=run.keys["workflow"], outcome=run.state, micro=first,
        begun=bill.made_at, ended=ended, month=_month(day_of(ended)), price_book=bill.price_book,
        invoice=next((str(line.invoice.number) for line in lines if line.how != InvoiceLine.ASIDE), ""),
    )  # fmt: skip
    if job is not None:
        made = replace(
            made, provider=job.provider, backend=job.backend, region=job.region,
            shots=(job.shots_done or 0) * max(1, len(job.bindings)),
        )  # fmt: skip
    yield made
    for line in booked:
        at = line.ended_at or ended
        yield replace(
            made, key=f"{bill.key}:line-{line.pk}", micro=line.difference_micro or 0, corrects=True,
            what=f"Correction of {bill.what}", begun=at, ended=at, month=_month(day_of(at)),
            late=_month(day_of(at)) != made.month, invoice=str(line.invoice.number),
        )  # fmt: skip


def _month(day: date) -> tuple[datetime, datetime]:
    """The organisation's month of a day, as the moments at which it begins and the next one does."""
    zone, (first, last) = ZoneInfo(settings.ORGANISATION_TIME_ZONE), month(day)
    begins, ends = (datetime.combine(one, time(), zone) for one in (first, last + timedelta(days=1)))
    return begins.astimezone(ZoneInfo("UTC")), ends.astimezone(ZoneInfo("UTC"))
