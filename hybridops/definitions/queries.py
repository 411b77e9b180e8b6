"""Signed documents as the rest of the house reads them: verified, parsed, newest allowed version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import QuerySet

from hybridops.definitions.models import Draft, SignedDocument
from hybridops.definitions.services import verified
from hybridops.domain import policy as rules
from hybridops.domain import pricebook, workflow
from hybridops.domain.errors import Unsigned
from hybridops.domain.states import DocumentState

USABLE = (DocumentState.ACTIVE, DocumentState.DEPRECATED)


_read_already: ContextVar[dict[tuple[str, str | None], SignedDocument] | None] = ContextVar(
    "_read_already", default=None
)


@contextmanager
def one_reading() -> Iterator[None]:
    """Within the block each document in force is looked for once: what is judged and what is made are of the same."""
    token = _read_already.set({})
    try:
        yield
    finally:
        _read_already.reset(token)


def _newest(kind: str, name: str | None = None) -> SignedDocument:
    known = _read_already.get()
    if known is None:
        return _looked_for(kind, name)
    if (kind, name) not in known:
        known[kind, name] = _looked_for(kind, name)
    return known[kind, name]


def _looked_for(kind: str, name: str | None) -> SignedDocument:
    rows = SignedDocument.objects.filter(kind=kind, state__in=USABLE)
    row = (rows.filter(name=name) if name else rows).order_by("-version", "-id").first()
    if row is None:
        raise Unsigned(f"There is no signed {kind}{f' called {name}' if name else ''} on the allowlist.")
    return row


def in_force(kind: str, name: str) -> SignedDocument:
    """The newest version that may be used; raises Unsigned."""
    return _newest(kind, name)


def workflows() -> list[tuple[SignedDocument, workflow.Definition | None, str]]:
    """The newest version of each workflow with its definition, or None and why it may not run."""
    newest: dict[str, SignedDocument] = {}
    for row in SignedDocument.objects.filter(kind="workflow").order_by("name", "version"):
        if row.state in USABLE or row.name not in newest:
            newest[row.name] = row
    return [_read(row) for row in newest.values()]


def _read(row: SignedDocument) -> tuple[SignedDocument, workflow.Definition | None, str]:
    try:
        return row, workflow.parse(verified(row)), ""
    except Unsigned as problem:
        return row, None, str(problem)


def workflow_by_digest(digest: str) -> workflow.Definition:
    """The definition a run was made with; raises Unsigned where it may not run (any more)."""
    row = SignedDocument.objects.filter(kind="workflow", digest=digest).first()
    if row is None:
        raise Unsigned("The run's workflow definition is not known here.")
    return workflow.parse(verified(row))


def workflow_named(name: str) -> tuple[workflow.Definition, str]:
    """The newest allowed version and its digest; raises Unsigned."""
    row = _newest("workflow", name)
    return workflow.parse(verified(row)), row.digest


def policy() -> tuple[rules.Policy, str]:
    """The policy in force and its digest; raises Unsigned where none is signed: no policy, no approval."""
    row = _newest("policy")
    return rules.parse(verified(row)), row.digest


def policy_in_force() -> tuple[SignedDocument, dict[str, Any]]:
    """The row of the policy in force and its document as signed; raises Unsigned."""
    row = _newest("policy")
    return row, verified(row)


def price_book() -> tuple[pricebook.PriceBook, str]:
    """The price book in force and its digest; raises Unsigned."""
    row = _newest("pricebook")
    return pricebook.parse(verified(row)), row.digest


def price_book_by_digest(digest: str) -> pricebook.PriceBook:
    """The book a quote was made with, so that the bill uses the same."""
    row = SignedDocument.objects.filter(kind="pricebook", digest=digest).first()
    if row is None:
        raise Unsigned("The price book of this quote is not known here.")
    return pricebook.parse(verified(row))


def signed_documents(named: Iterable[tuple[str, str]]) -> list[SignedDocument]:
    """The documents of these kinds with these digests, as signed, whether or not they may still be used."""
    rows = (SignedDocument.objects.filter(kind=kind, digest=digest) for kind, digest in named)
    return [row for kind in rows for row in kind.order_by("id")[:1]]


def authors_of(digest: str) -> QuerySet[SignedDocument, int | None]:
    """The ids of the people who wrote a document: they never decide on runs of it."""
    return SignedDocument.objects.filter(digest=digest, author__isnull=False).values_list(
        "author_id", flat=True
    )


def draft_sources() -> set[str]:
    """The digests of the files that drafts were made from."""
    return set(Draft.objects.exclude(source="").values_list("source", flat=True))
