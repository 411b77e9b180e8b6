"""Signed documents: an in-toto Statement in a DSSE envelope, Ed25519 and ML-DSA-65, both required.

Verification returns the verified payload, and only that may be parsed (DSSE protocol: the envelope
is never re-read). Key ids are hints, never trust: every key is tried.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hybridops.domain.errors import BadInput, Unsigned
from hybridops.trust.canonical import canonical, digest, read
from hybridops.trust.keys import Key, KeyPair, PublicPair, is_signed

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://hybridops.dev/attestations/{kind}/v{version}"
_VERSIONS = {"decision": 2, "review": 2}  # the others: 1
SIGNATURES_MAX = 16
_STANDARD = str.maketrans("-_", "+/")


def sign(*, kind: str, name: str, document: Mapping[str, Any], pair: KeyPair) -> dict[str, Any]:
    """The DSSE envelope (JSON) over a statement whose subject is the document's digest."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest(canonical(document))}}],
        "predicateType": predicate(kind),
        "predicate": dict(document),
    }
    payload = canonical(statement)
    signed = zip(pair.public.keys, pair.sign(pae(PAYLOAD_TYPE, payload)), strict=True)
    signatures = [{"keyid": _hint(key), "sig": base64.b64encode(raw).decode()} for key, raw in signed]
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": signatures,
    }


def predicate(kind: str) -> str:
    """The type of what is signed. Version 2 names what people said by digest."""
    return PREDICATE.format(kind=kind, version=_VERSIONS.get(kind, 1))


def _hint(key: Key) -> str:
    return sha256(key.public_bytes_raw()).hexdigest()


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope as it came; nothing in it is believed before `signers` says who signed."""

    payload: bytes
    payload_type: str
    signatures: tuple[bytes, ...]

    def signers(self, keys: Iterable[Key]) -> list[Key]:
        """The distinct keys that signed this payload under this type."""
        message = pae(self.payload_type, self.payload)
        return [key for key in keys if any(is_signed(key, raw, message) for raw in self.signatures)]


def opened(envelope: Mapping[str, Any], *, types: Collection[str] = (PAYLOAD_TYPE,)) -> Envelope:
    """The envelope in a JSON object; raises Unsigned where it is none or its type is not one of ours."""
    try:
        payload, kind, found = envelope["payload"], envelope["payloadType"], envelope["signatures"]
        if not isinstance(kind, str) or not kind or kind not in types:
            raise Unsigned(f"The payload type is {kind!r}, not {' or '.join(types)}.")
        if not isinstance(found, list) or not 0 < len(found) <= SIGNATURES_MAX:
            raise Unsigned("This is not a signed envelope: it has no signatures, or too many.")
        return Envelope(_raw(payload), kind, tuple(_raw(item["sig"]) for item in found))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise Unsigned(f"This is not a signed envelope: {problem}") from problem


def _raw(text: str) -> bytes:
    """Either base64 alphabet, as the protocol demands."""
    try:
        return base64.b64decode(text.translate(_STANDARD), validate=True)
    except binascii.Error as problem:
        raise ValueError(f"not base64: {problem}") from problem


def verify(
    envelope: Mapping[str, Any], *, kind: str, trusted: Iterable[PublicPair]
) -> tuple[dict[str, Any], str]:
    """The verified document and the name of the pair that signed it.

    Raises Unsigned where no trusted pair signed with both keys, where the type is another, or where
    the subject is not the document's digest. No trusted pair at all is a refusal.
    """
    parsed = opened(envelope)
    signer = next((pair.name for pair in trusted if len(parsed.signers(pair.keys)) == 2), None)
    if signer is None:
        raise Unsigned(
            "No trusted key signed this with both Ed25519 and ML-DSA-65, or it was altered afterwards."
        )
    return _document(parsed.payload, kind), signer


def _document(payload: bytes, kind: str) -> dict[str, Any]:
    try:
        statement = read(payload)
        document = statement["predicate"]
        found = (statement["_type"], statement["predicateType"], statement["subject"][0]["digest"]["sha256"])
    except (BadInput, KeyError, IndexError, TypeError) as problem:
        raise Unsigned(f"The signed payload is not a statement: {problem}") from problem
    if found != (STATEMENT, predicate(kind), digest(canonical(document))):
        raise Unsigned(f"The signed statement is not about a {kind} with this digest.")
    return dict(document)
