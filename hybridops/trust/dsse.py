"""Signed documents: an in-toto Statement in a DSSE envelope, Ed25519 and ML-DSA-65, both required.

Verification returns the verified payload, and only that may be parsed (DSSE protocol: the envelope
is never re-read). Key ids are hints, never trust.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError

from hybridops.domain.errors import BadInput, Unsigned
from hybridops.trust.canonical import canonical, digest, read
from hybridops.trust.keys import KeyPair, PublicPair

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://hybridops.dev/attestations/{kind}/v1"


def sign(*, kind: str, name: str, document: Mapping[str, Any], pair: KeyPair) -> dict[str, Any]:
    """The DSSE envelope (JSON) over a statement whose subject is the document's digest."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest(canonical(document))}}],
        "predicateType": PREDICATE.format(kind=kind),
        "predicate": dict(document),
    }
    envelope = Envelope(canonical(statement), PAYLOAD_TYPE, {})
    for signer in pair.signers:
        envelope.sign(signer)
    return dict(envelope.to_dict())


def verify(
    envelope: Mapping[str, Any], *, kind: str, trusted: Iterable[PublicPair]
) -> tuple[dict[str, Any], str]:
    """The verified document and the name of the pair that signed it.

    Raises Unsigned where no trusted pair signed with both keys, where the type is another, or where
    the subject is not the document's digest. No trusted pair at all is a refusal.
    """
    try:
        parsed = Envelope.from_dict(dict(envelope))
    except (AttributeError, KeyError, TypeError, ValueError, VerificationError) as problem:
        raise Unsigned(f"This is not a signed envelope: {problem}") from problem
    if parsed.payload_type != PAYLOAD_TYPE:
        raise Unsigned(f"The payload type is {parsed.payload_type!r}, not {PAYLOAD_TYPE}.")
    signer = next((pair.name for pair in trusted if _both_signed(parsed, pair)), None)
    if signer is None:
        raise Unsigned(
            "No trusted key signed this with both Ed25519 and ML-DSA-65, or it was altered afterwards."
        )
    return _document(parsed.payload, kind), signer


def _both_signed(envelope: Envelope, pair: PublicPair) -> bool:
    try:
        return len(envelope.verify(list(pair.keys), threshold=2)) == 2
    except VerificationError:
        return False


def _document(payload: bytes, kind: str) -> dict[str, Any]:
    try:
        statement = read(payload)
        document = statement["predicate"]
        found = (statement["_type"], statement["predicateType"], statement["subject"][0]["digest"]["sha256"])
    except (BadInput, KeyError, IndexError, TypeError) as problem:
        raise Unsigned(f"The signed payload is not a statement: {problem}") from problem
    if found != (STATEMENT, PREDICATE.format(kind=kind), digest(canonical(document))):
        raise Unsigned(f"The signed statement is not about a {kind} with this digest.")
    return dict(document)
