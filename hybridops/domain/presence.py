"""How a person proved to be there at the moment of a decision, and whether that is enough."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hybridops.domain.errors import Refused

FRESH = timedelta(minutes=5)


class Method(StrEnum):
    """Strongest first. `SESSION`: signed in, no more. `REHEARSAL`: a demo's recorded past, nobody was there."""

    PASSKEY = "passkey"
    CODE = "one-time code"
    SESSION = "session"
    REHEARSAL = "rehearsal"


@dataclass(frozen=True, slots=True)
class Presence:
    """`evidence` of a passkey lets anybody check it later: key, signed challenge, authenticator data.

    `seed` salts what is said with it. A passkey signs the digests of these words, so it is made with the challenge.
    """

    method: Method
    at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)
    seed: str = ""

    def document(self) -> dict[str, Any]:
        return {"method": self.method, "at": self.at.isoformat(), "evidence": dict(self.evidence)}


def check_presence(presence: Presence, *, accepted: Collection[Method], now: datetime) -> None:
    """Raises Refused unless the proof is of an accepted method and at most five minutes old."""
    if presence.method not in accepted:
        raise Refused(
            f"This decision needs a {' or a '.join(accepted)}. Prove that it is you and decide again."
        )
    if not timedelta(0) <= now - presence.at <= FRESH:
        raise Refused("Your proof of presence is older than five minutes. Prove again that it is you.")
