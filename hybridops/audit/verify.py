"""The whole log, checked in one pass that holds a few tiles in memory, however long it is.

Everything is recomputed from the stored bytes; only the trust file and what was published are believed.
What is wrong is named by its place, first things first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from django.db import connection

from hybridops.audit.faults import COLUMNS, faults_of, has_text
from hybridops.audit.models import AuditEvent, Payload, Stream
from hybridops.audit.report import Report, Step
from hybridops.audit.walk import CHUNK, walk
from hybridops.trust.personal import Text

FINDINGS_MAX = 20


def verify(*, kept: Sequence[str] = ()) -> Report:
    """Recomputes everything. `kept` are checkpoints somebody kept outside: the log must extend each of them."""
    report = Report()
    has_text.cache_clear()
    for words, part in (
        ("Each event's bytes give its hash in its place, and the tiles and signed roots follow", walk(report, kept)),
        ("Each object's events are numbered without a gap", _streams()),
        ("Events that have no place yet are whole", _tail(report)),
        ("Personal texts are those that were digested, or were erased by an event", _texts(report)),
    ):  # fmt: skip
        found = list(islice(_readable(part), FINDINGS_MAX))
        report.steps.append(Step(words, len(found)))
        report.findings += found
    report.tail = report.events - report.sealed
    return report


def _readable(part: Iterator[str]) -> Iterator[str]:
    try:
        yield from part
    except ValueError as problem:  # what SQLite lets stand in a column of dates
        yield f"a row has a value that cannot be read: {problem}"


def _streams() -> Iterator[str]:
    """Objects whose numbering is not dense up to the last number given: asked in one statement, so in one moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.name, s.head, count(e.id) FROM audit_stream s LEFT JOIN audit_auditevent e ON e.stream = s.name "
            "GROUP BY s.name, s.head "
            "HAVING count(e.id) <> s.head OR min(e.seq) <> 1 OR max(e.seq) <> s.head ORDER BY s.name"
        )
        bad = cursor.fetchmany(FINDINGS_MAX)
    for name, head, _ in bad:
        yield _gap(name, head)
    known = Stream.objects.values("name")
    for event in AuditEvent.objects.exclude(stream__in=known).order_by("id")[:FINDINGS_MAX]:
        yield f"{event.stream}#{event.seq} was inserted: {event.stream} was never counted"


def _gap(name: str, head: int) -> str:
    expected = 1
    for seq in (
        AuditEvent.objects.filter(stream=name).order_by("seq").values_list("seq", flat=True).iterator(CHUNK)
    ):
        if seq != expected:
            return f"{name}#{expected} is missing: the next one is {name}#{seq}"
        expected += 1
    if expected <= head:
        return f"{name}#{expected} is missing: {head} events were written to {name}"
    return f"{name}#{head + 1} was inserted: {head} events were written to {name}"


def _tail(report: Report) -> Iterator[str]:
    """Events without a place: the newest, which get theirs within a second."""
    rows = AuditEvent.objects.filter(leaf=None).order_by("id").values_list(*COLUMNS)
    for event in rows.iterator(CHUNK):
        report.events += 1
        yield from (f"{event[0]}#{event[1]}, not in the log yet, {fault}" for fault in faults_of(*event))


def _texts(report: Report) -> Iterator[str]:
    """Each personal text against its digest; each erased one against the event that tells of it."""
    told = dict(_erased())
    for row in Payload.objects.order_by("digest").iterator(CHUNK):
        if row.erased_at is None:
            if Text(row.about, row.field, row.salt, row.text).digest != row.digest:
                yield f"the {row.field} of {row.about} was altered: the text is not the one that was digested"
        else:
            report.erased += 1
            if (
                told.pop(row.digest, None) != row.erased_at.isoformat()
                or row.text
                or row.salt
                or row.about
                or row.field
            ):
                yield f"a personal text ({row.digest[:16]}…) is gone and no event tells of this erasure"
    for digest in islice(told, FINDINGS_MAX):
        yield f"a personal text ({digest[:16]}…) was erased and is there again, or its row is gone"


def _erased() -> Iterator[tuple[str, str]]:
    for body in (
        AuditEvent.objects.filter(action="audit.erased").values_list("body", flat=True).iterator(CHUNK)
    ):
        with suppress(ValueError, KeyError, TypeError):  # altered, and named as such elsewhere
            facts = json.loads(body)["facts"]
            yield from [(digest, facts["erased_at"]) for digest in facts["digests"]]
