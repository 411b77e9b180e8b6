"""A passkey in software: it makes a key, registers as a browser would, and signs what it is asked to."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from hybridops.teams.models import User

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED = AuthenticatorData.FLAG.UP, AuthenticatorData.FLAG.UV


class Passkey:
    """`counter` 0 is one that does not count, as synchronised ones do not."""

    def __init__(self, user: User, *, rp_id: str = "localhost", counter: int = 0) -> None:
        self.key, self.id, self.rp_id, self.counter = (
            ec.generate_private_key(ec.SECP256R1()),
            secrets.token_bytes(16),
            rp_id,
            counter,
        )
        credential = AttestedCredentialData.create(
            bytes(16), self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        data = AuthenticatorData.create(
            self._rp_hash(), PRESENT | VERIFIED | AuthenticatorData.FLAG.AT, counter, credential
        )
        client = {"type": "webauthn.create", "challenge": websafe_encode(bytes(32)), "origin": ORIGIN}
        registered = {
            "id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": {
                "clientDataJSON": websafe_encode(json.dumps(client).encode()),
                "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            },
        }  # fmt: skip
        self.row = Authenticator.objects.create(
            user=user, type="webauthn", data={"name": "laptop", "credential": registered}
        )

    def _rp_hash(self) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest()

    def answer(
        self,
        options: dict[str, Any],
        *,
        origin: str = ORIGIN,
        flags: int = PRESENT | VERIFIED,
        kind: str = "webauthn.get",
    ) -> dict[str, Any]:
        """What a browser sends back for these request options, after a touch and a PIN."""
        self.counter += bool(self.counter)
        data = AuthenticatorData.create(self._rp_hash(), AuthenticatorData.FLAG(flags), self.counter)
        client = json.dumps(
            {"type": kind, "challenge": options["publicKey"]["challenge"], "origin": origin}
        ).encode()
        signature = self.key.sign(bytes(data) + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": websafe_encode(client), "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature), "userHandle": None,
            },
        }  # fmt: skip


def challenge_in(options: dict[str, Any]) -> bytes:
    return bytes(websafe_decode(options["publicKey"]["challenge"]))
