"""The answer line of Settings: what proves that it is you."""

from __future__ import annotations

from collections.abc import Sequence

from allauth.mfa.models import Authenticator

from hybridops.web import fmt

_KINDS = Authenticator.Type


def answer(held: Sequence[Authenticator], *, required: bool) -> str:
    keys = sum(row.type == _KINDS.WEBAUTHN for row in held)
    ways = [f"{fmt.number(keys)} passkey{'s' if keys > 1 else ''}"] if keys else []
    ways += ["an authenticator app"] if any(row.type == _KINDS.TOTP for row in held) else []
    if ways:
        return f"You prove that it is you with {' or '.join(ways)}."
    needed = " Decisions, budgets and operating need one." if required else ""
    return f"You sign in with a password alone. Set up a passkey or an authenticator app.{needed}"
