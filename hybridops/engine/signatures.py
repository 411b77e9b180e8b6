"""Every signed decision and document against the log: signed by a key that was believed where it was logged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from hybridops.approvals.models import AfterReview, Decision
from hybridops.approvals.votes import EMERGENCY
from hybridops.audit import names, queries
from hybridops.audit.keyring import ring
from hybridops.audit.report import Report, Step
from hybridops.audit.verify import verify
from hybridops.definitions.models import Review, SignedDocument
from hybridops.domain.erasure import GONE
from hybridops.domain.errors import Unsigned
from hybridops.trust import dsse
from hybridops.trust.canonical import digest_of

SIGNED = "Each decision, review and document was signed by a key that was believed at its place in the log"
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
    for one in chain(_votes(), _after_reviews(), _reviews()):
        yield from _fault(one.name, one.stream, one.envelope, one.kind, "decision")
        yield from _words(one)
    for row in SignedDocument.objects.order_by("id").iterator(100):
        yield from _fault(str(row), f"document:{row.pk}", json.loads(row.envelope), row.kind, "definition")


@dataclass(frozen=True, slots=True)
class _Said:
    """What a person signed, and the words beside it as their table has them."""

    name: str
    stream: str
    kind: str
    envelope: Mapping[str, Any]
    words: Mapping[str, str]


def _votes() -> Iterator[_Said]:
    for row in Decision.objects.select_related("request__emergency").order_by("id").iterator(500):
        words = {"reason": row.reason}
        if row.verdict == EMERGENCY:
            use = getattr(row.request, "emergency", None)  # somebody may have deleted it
            words["ticket"] = use.ticket if use else ""
        name = f"{row} on A-{row.request_id}"
        yield _Said(name, f"request:{row.request_id}", "decision", row.envelope, words)


def _after_reviews() -> Iterator[_Said]:
    for row in AfterReview.objects.select_related("use", "person").order_by("id").iterator(500):
        name, stream = f"{row} on A-{row.use.request_id}", f"request:{row.use.request_id}"
        yield _Said(name, stream, "review", row.envelope, {"reason": row.text})


def _reviews() -> Iterator[_Said]:
    for row in Review.objects.select_related("person").order_by("id").iterator(500):
        name, stream = f"{row} on draft {row.draft_id}", f"draft:{row.draft_id}"
        yield _Said(name, stream, "review", row.envelope, {"reason": row.reason})


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


def _words(one: _Said) -> Iterator[str]:
    """Whether the words that pages show are those whose digests were signed."""
    try:
        signed = dict(json.loads(dsse.opened(one.envelope).payload)["predicate"]["personal"])
    except (Unsigned, ValueError, KeyError, TypeError):  # no statement, and named as such above
        return
    kept = names.said(signed.values())
    for field, text in one.words.items():
        was = kept.get(signed.get(field, ""), names.Said(""))
        if text != (GONE if was.erased_at else was.text):
            yield f"{one.name}: the {field} is not the one that was signed"
