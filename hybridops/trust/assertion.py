"""A passkey's signature over a decision, checked again from what was kept, without the site and its database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import ES256, CoseKey, EdDSA
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AuthenticatorData

from hybridops.domain.errors import Unsigned
from hybridops.trust.canonical import digest_of

_FLAG = AuthenticatorData.FLAG
_WHOLE = {"rp_id", "credential_id", "public_key", "client_data", "authenticator_data", "signature"}


def challenge_of(statement: Mapping[str, Any]) -> bytes:
    """What a passkey signs for a decision: the digest of the subject together with the answer to it.

    With the subject alone, the signature under a "no" would also be one under a "yes". What was said in words
    (`personal`) is signed by its salted digests, so that it can be erased.
    """
    said = {name: statement[name] for name in ("subject", "verdict", "personal", "limits")}
    return bytes.fromhex(digest_of(said))


def check_assertion(evidence: Mapping[str, Any], *, challenge: bytes) -> None:
    """Raises Unsigned unless this passkey signed exactly this challenge for this site, with the person verified.

    That the key is the person's own is the installation's word, which its signature over the decision carries.
    """
    try:
        _check(evidence, challenge)
    except Unsigned:
        raise
    except InvalidSignature as problem:
        raise Unsigned("The passkey's signature is not valid.") from problem
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise Unsigned(f"The kept passkey proof is malformed: {problem}") from problem


def _check(evidence: Mapping[str, Any], challenge: bytes) -> None:
    if set(evidence) != _WHOLE:
        raise Unsigned("The kept passkey proof is not whole.")
    client_data, raw, signature, key = (
        websafe_decode(evidence[name])
        for name in ("client_data", "authenticator_data", "signature", "public_key")
    )
    said, authenticator = json.loads(client_data), AuthenticatorData(raw)
    if said["type"] != "webauthn.get" or said["challenge"] != websafe_encode(challenge):
        raise Unsigned("The passkey signed something else than what was decided on.")
    if said.get("crossOrigin"):
        raise Unsigned("The passkey was used from within another site.")
    if authenticator.rp_id_hash != sha256(evidence["rp_id"].encode()).digest():
        raise Unsigned("The passkey signed for another site.")
    if not authenticator.flags & _FLAG.UP or not authenticator.flags & _FLAG.UV:
        raise Unsigned("The passkey did not verify that the person was there.")
    parts: Any = cbor.decode(key)
    public: Any = CoseKey.parse(parts)
    if not isinstance(public, ES256 | EdDSA):
        raise Unsigned("The passkey is of a kind that does not count here: ES256 and EdDSA do.")
    public.verify(raw + sha256(client_data).digest(), signature)  # type: ignore[no-untyped-call]  # fido2's
