"""Standard Webhooks signatures: v1 (HMAC-SHA256) and v1a (Ed25519), over id, time and body.

Source: the Standard Webhooks specification, 1.0.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings

from hybridops.audit import keyring
from hybridops.domain.errors import NotYours

NOTHING = "There is nothing here for you."
WINDOW_SECONDS = 300
LENGTH_MAX = 4096
_ID = re.compile(r"[!-~]{1,120}")
_SECONDS = re.compile(r"[0-9]{1,12}")


def secret(webhook: int, turn: int) -> bytes:
    """The webhook's own 32 bytes, derived from the installation's secret: nothing to steal from the database."""
    told = f"hybridops webhook {webhook} turn {turn}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), told, hashlib.sha256)


def hook_secret(hook: int, turn: int) -> bytes:
    """What callers of a hook sign with: 32 bytes, derived in the same way."""
    return hmac.digest(
        settings.SECRET_KEY.encode(), f"hybridops hook {hook} turn {turn}".encode(), hashlib.sha256
    )


def shown(key: bytes) -> str:
    """A secret as libraries for Standard Webhooks take it."""
    return f"whsec_{base64.b64encode(key).decode()}"


def shown_secret(webhook: int, turn: int) -> str:
    """As the receiver's library takes it."""
    return shown(secret(webhook, turn))


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


def verify(*, headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: datetime) -> str:
    """The id of a message that is signed with one of the keys and not older or newer than five minutes.

    Raises NotYours in the same words whatever is wrong. That an id comes once the caller sees to.
    """
    message, told = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")[:LENGTH_MAX].split()
    if not _ID.fullmatch(message) or not _SECONDS.fullmatch(told):
        raise NotYours(NOTHING)
    content = f"{message}.{told}.".encode() + body
    wanted = [b"v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)) for key in keys]
    given = [one.encode("utf-8", "replace") for one in signatures]
    equal = [hmac.compare_digest(one, other) for one in given for other in wanted]
    if not any(equal) or abs(now.timestamp() - int(told)) > WINDOW_SECONDS:
        raise NotYours(NOTHING)
    return message
