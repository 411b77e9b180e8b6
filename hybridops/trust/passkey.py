"""What a passkey signed for a decision, checked from the kept evidence alone: no server, no session.

The challenge names the subject's digest and what was said about it, so an assertion for a "no" is none
for a "yes". Keys are COSE (RFC 9052): ECDSA P-256, Ed25519 and RSA.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from hybridops.domain.errors import Unsigned
from hybridops.trust.canonical import digest_of

PRESENT_AND_VERIFIED = 0x05


def challenge_of(statement: Mapping[str, Any]) -> str:
    """What a passkey signs for a vote: the digest of the subject together with the answer to it."""
    return digest_of({name: statement[name] for name in ("subject", "verdict", "reason", "limits")})


def check(evidence: Mapping[str, Any], *, challenge: str) -> None:
    """Raises Unsigned unless the kept key signed this challenge while its person was there and verified."""
    try:
        client, told = _bytes(evidence, "client_data"), _bytes(evidence, "authenticator_data")
        said = json.loads(client)
        if (said["type"], _decoded(said["challenge"]).hex()) != ("webauthn.get", challenge):
            raise Unsigned("The passkey signed something else.")
        if told[:32] != sha256(str(evidence["rp_id"]).encode()).digest():
            raise Unsigned("The passkey signed for another site.")
        if told[32] & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED:
            raise Unsigned("The passkey did not verify its person.")
        _verify(_bytes(evidence, "public_key"), _bytes(evidence, "signature"), told + sha256(client).digest())
    except (KeyError, IndexError, TypeError, ValueError, InvalidSignature) as problem:
        raise Unsigned("The passkey's proof does not hold.") from problem


def _bytes(evidence: Mapping[str, Any], name: str) -> bytes:
    return _decoded(evidence[name])


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verify(cose: bytes, signature: bytes, signed: bytes) -> None:
    key, _ = _cbor(cose, 0)
    match (key[1], key[3]):
        case (2, -7):
            point = ec.EllipticCurvePublicNumbers(
                int.from_bytes(key[-2]), int.from_bytes(key[-3]), ec.SECP256R1()
            )
            point.public_key().verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        case (1, -8):
            ed25519.Ed25519PublicKey.from_public_bytes(key[-2]).verify(signature, signed)
        case (3, -257):
            numbers = rsa.RSAPublicNumbers(int.from_bytes(key[-2]), int.from_bytes(key[-1]))
            numbers.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        case _:
            raise ValueError("an algorithm that is not known here")


def _cbor(data: bytes, at: int) -> tuple[Any, int]:
    """The part of CBOR that a COSE key is made of: integers, byte strings, one map of them."""
    kind, short = data[at] >> 5, data[at] & 31
    at += 1
    size = {24: 1, 25: 2}.get(short, 0)
    if short > 25:
        raise ValueError("longer than any key")
    count = int.from_bytes(data[at : at + size]) if size else short
    at += size
    match kind:
        case 0:
            return count, at
        case 1:
            return -1 - count, at
        case 2:
            return data[at : at + count], at + count
        case 5:
            found = {}
            for _ in range(count):
                name, at = _cbor(data, at)
                found[name], at = _cbor(data, at)
            return found, at
    raise ValueError("not part of a key")
