"""Signed documents: published with a second person, verified at every use, never trusted from a column."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from hybridops.audit import keyring
from hybridops.audit.services import record
from hybridops.definitions.models import SignedDocument
from hybridops.domain import clock, policy, pricebook, workflow
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Refused, Unsigned
from hybridops.domain.states import DocumentState
from hybridops.trust import dsse
from hybridops.trust.canonical import canonical, digest_of
from hybridops.trust.canonical import read as read_json

PARSERS: Mapping[str, Any] = {
    "workflow": workflow.parse,
    "policy": policy.parse,
    "pricebook": pricebook.parse,
}


@transaction.atomic
def publish(
    *,
    kind: str,
    name: str,
    version: int,
    document: Mapping[str, Any],
    actor: Actor,
    author_id: int | None = None,
    approver_id: int | None = None,
) -> SignedDocument:
    """Checks, signs and allows one version; the same version again must be the same document.

    Raises BadInput for a malformed document and Refused where author and approver are one person.
    """
    if kind not in PARSERS:
        raise BadInput(f"there is no kind of document called {kind!r}", field="kind")
    if author_id is not None and author_id == approver_id:
        raise Refused("A second person approves a document, not its author.")
    PARSERS[kind](document)
    if not _is_called(document, name, version):
        raise BadInput(f"The document does not call itself {name} version {version}.", field="name")
    digest = digest_of(document)
    known = SignedDocument.objects.filter(kind=kind, name=name, version=version).first()
    if known is not None:
        if known.digest != digest:
            raise Refused(
                f"{name} version {version} is already signed with other content. Raise the version."
            )
        return known
    signed = dsse.sign(kind=kind, name=name, document=document, pair=keyring.pair("definition"))
    made = SignedDocument.objects.create(
        kind=kind,
        name=name,
        version=version,
        digest=digest,
        envelope=canonical(signed).decode(),
        author_id=author_id,
        approver_id=approver_id,
        made_at=clock.now(),
    )
    facts = {"kind": kind, "name": name, "version": version, "digest": digest, "envelope": digest_of(signed)}
    record(stream=f"document:{made.pk}", action="document.signed", actor=actor, facts=facts)
    return made


def check_usable(row: SignedDocument) -> None:
    """Raises Unsigned where a document is off the allowlist, naming what to use instead."""
    instead = (
        f"Use version {row.successor.version} of {row.successor.name}."
        if row.successor
        else "Choose another."
    )
    if row.state == DocumentState.RETIRED:
        raise Unsigned(f"{row} is retired: {row.why or 'no reason was recorded'}. {instead}")
    if row.state == DocumentState.DEPRECATED and row.until and clock.now().date() > row.until:
        raise Unsigned(f"{row} was deprecated and ended on {row.until:%d %B %Y}. {instead}")


def verified(row: SignedDocument) -> dict[str, Any]:
    """The document of a row as signed; raises Unsigned where signature, kind, digest or allowlist say no."""
    check_usable(row)
    return signed(row)


def signed(row: SignedDocument) -> dict[str, Any]:
    """The same for reading alone, of one that may be used no more as well: its runs keep their evidence."""
    document, digest = _verified(row.envelope, row.kind, keyring.stamp())
    if digest != row.digest or not _is_called(document, row.name, row.version):
        raise Unsigned(f"{row} is not the document that was listed.")
    return document


def _is_called(document: Mapping[str, Any], name: str, version: int) -> bool:
    """Whether a document says the name and number under which it is listed; a price book has no number."""
    return (slugify(str(document["name"])), document.get("version", version)) == (name, version)


@lru_cache(maxsize=256)
def _verified(envelope: str, kind: str, _stamp: str) -> tuple[dict[str, Any], str]:
    """The document and its digest; remembered for as long as the bytes and the trusted keys are the same."""
    try:
        opened = read_json(envelope.encode())
    except BadInput as problem:
        raise Unsigned(f"This is not a signed envelope: {problem}") from problem
    document, _ = dsse.verify(opened, kind=kind, trusted=keyring.trusted("definition"))
    return document, digest_of(document)
