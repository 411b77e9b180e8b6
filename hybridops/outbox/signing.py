"""Standard Webhooks signatures: v1 (HMAC-SHA256) and v1a (Ed25519), over id, time and body.

Source: the Standard Webhooks specification, 1.0.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from django.conf import settings

from hybridops.audit import keyring


def secret(webhook: int, turn: int) -> bytes:
    """The webhook's own 32 bytes, derived from the installation's secret: nothing to steal from the database."""
    told = f"hybridops webhook {webhook} turn {turn}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), told, hashlib.sha256)


def shown_secret(webhook: int, turn: int) -> str:
    """As the receiver's library takes it."""
    return f"whsec_{base64.b64encode(secret(webhook, turn)).decode()}"


def shown_public_key() -> str:
    """With it a receiver checks v1a and needs no secret."""
    return f"whpk_{base64.b64encode(keyring.pair('webhook').public.ed25519.public_bytes_raw()).decode()}"


def headers(*, message: str, seconds: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a delivery; `seconds` since 1970. One v1 for each key: two while a secret is changed."""
    content = f"{message}.{seconds}.".encode() + body
    symmetric = [f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}" for key in keys]
    asymmetric = base64.b64encode(keyring.pair("webhook").ed25519.sign(content)).decode()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join([*symmetric, f"v1a,{asymmetric}"]),
    }
