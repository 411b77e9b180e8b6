"""Every signed decision and document against the log: signed by a key that was believed where it was logged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from hybridops.approvals.models import Decision
from hybridops.audit import queries
from hybridops.audit.keyring import ring
from hybridops.audit.report import Report, Step
from hybridops.audit.verify import verify
from hybridops.definitions.models import SignedDocument
from hybridops.domain.errors import Unsigned
from hybridops.trust import dsse
from hybridops.trust.canonical import digest_of

SIGNED = "Each decision and document was signed by a key that was believed at its place in the log"
FINDINGS_MAX = 20


def verify_all(*, kept: Sequence[str] = ()) -> Report:
    """The whole log, and every signature that stands in it."""
    report, wrong = verify(kept=kept), signatures()
    report.steps.append(Step(SIGNED, len(wrong)))
    report.findings += wrong
    return report


def signatures() -> list[str]:
    """What is wrong, first things first; nothing where all of it holds."""
    return list(islice(_faults(), FINDINGS_MAX))


def _faults() -> Iterator[str]:
    for vote in Decision.objects.order_by("id").iterator(500):
        stream = f"request:{vote.request_id}"
        yield from _fault(f"{vote} on A-{vote.request_id}", stream, vote.envelope, "decision", "decision")
    for row in SignedDocument.objects.order_by("id").iterator(100):
        yield from _fault(str(row), f"document:{row.pk}", json.loads(row.envelope), row.kind, "definition")


def _fault(name: str, stream: str, envelope: Mapping[str, Any], kind: str, purpose: str) -> Iterator[str]:
    found = queries.place_of_envelope(stream, digest_of(envelope))
    if found is None:
        yield f"{name}: its signature does not stand in the log"
    index = found[0] if found else None
    if index is None:
        return
    try:
        dsse.verify(envelope, kind=kind, trusted=ring().at(purpose, index))
    except Unsigned as problem:
        yield f"{name}, entry {index}: {problem}"
