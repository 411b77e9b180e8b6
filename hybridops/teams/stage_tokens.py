"""One token a leased stage: for which run it acts, under which lease, and until when.

Minted when the stage is leased, asked for wherever the stage reads or sends. The key is derived from the
installation's secret, which every worker holds: a token keeps the stage of one run away from another's work,
whatever a workflow or a defect asks for. It does not make a worker with that secret a stranger.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from functools import lru_cache

from django.conf import settings

from hybridops.domain.errors import HybridopsError, NotYours

SECONDS = 300


class Ended(HybridopsError):
    """The token's time is over: whoever still holds the lease gets another."""


def mint(*, run: int, stage: str, fence: int) -> tuple[str, str]:
    """The token, and its id for the trail."""
    jti = secrets.token_hex(8)
    body = json.dumps({"aud": [run, stage, fence], "exp": int(time.time()) + SECONDS, "jti": jti}).encode()
    return f"{base64.urlsafe_b64encode(body).decode()}.{_mac(body)}", jti


def check(token: str, *, run: int, stage: str, fence: int) -> None:
    """Raises NotYours unless the token is ours and for exactly this lease, Ended where its time is over."""
    head, _, mac = token.partition(".")
    try:
        body = base64.urlsafe_b64decode(head)
    except ValueError:
        body = b""
    if not hmac.compare_digest(mac.encode(), _mac(body).encode()):
        raise NotYours("This is no token of a stage.")
    told = json.loads(body)
    if told["aud"] != [run, stage, fence]:
        raise NotYours(f"The token of R-{told['aud'][0]} is not for R-{run}.")
    if time.time() >= told["exp"]:
        raise Ended("The token's time is over.")


def _mac(body: bytes) -> str:
    return hmac.digest(_key(settings.SECRET_KEY), body, hashlib.sha256).hex()


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"hybridops stage tokens", hashlib.sha256)
