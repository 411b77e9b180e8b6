"""The trust file: every public key with its purpose and the entries of the log for which it is believed.

One document for all: the installation keeps it beside its keys, auditors keep a copy. Only what stands in
it is trusted; old keys stay in it for ever, with their end.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey

from hybridops.domain.errors import BadInput
from hybridops.trust.canonical import read as read_json
from hybridops.trust.keys import PublicPair, purpose_of

SCHEMA = "hybridops.keys/1"
_FIELDS = {"name", "ed25519", "mldsa", "not_before_index", "not_after_index", "revoked"}


@dataclass(frozen=True, slots=True)
class Ring:
    """Which log this is (`origin`, the first line of its checkpoints) and whose signatures count."""

    origin: str
    pairs: tuple[PublicPair, ...] = ()

    def of(self, purpose: str) -> tuple[PublicPair, ...]:
        """Every pair of a purpose, oldest first; what each is believed for, it says itself."""
        return tuple(pair for pair in self.pairs if pair.purpose == purpose)

    def trusted(self, purpose: str) -> tuple[PublicPair, ...]:
        """The pairs whose signatures count where no place in the log is at hand: those never revoked."""
        return tuple(pair for pair in self.of(purpose) if not pair.revoked)

    def at(self, purpose: str, index: int) -> tuple[PublicPair, ...]:
        """The pairs that may have signed what stands at an index of the log."""
        return tuple(pair for pair in self.of(purpose) if pair.covers(index))

    def own(self, purpose: str) -> tuple[PublicPair, ...]:
        """The pairs made here: a purpose, with a number from the second on. Other names are partners'."""
        names = (pair.name.removeprefix(purpose).removeprefix("-") for pair in self.of(purpose))
        return tuple(
            pair for pair, rest in zip(self.of(purpose), names, strict=True) if not rest or rest.isdecimal()
        )

    def current(self, purpose: str) -> PublicPair | None:
        """The pair that signs now."""
        return next((pair for pair in reversed(self.own(purpose)) if pair.not_after is None), None)

    def write(self) -> bytes:
        """The document, for people to read as well."""
        body = {"schema": SCHEMA, "origin": self.origin, "keys": [_told(pair) for pair in self.pairs]}
        return json.dumps(body, indent=1).encode() + b"\n"


def read(data: bytes) -> Ring:
    """The ring in a trust file; raises BadInput for anything malformed, also for a key that stands in it twice."""
    try:
        document = read_json(data)
        if document["schema"] != SCHEMA or not _is_origin(document["origin"]):
            raise BadInput(f"The trust file is not of the kind {SCHEMA}.")
        pairs = tuple(_pair(item) for item in document["keys"])
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(f"The trust file is malformed: {problem}") from problem
    raw = [key.public_bytes_raw() for pair in pairs for key in pair.keys]
    if len(set(raw)) != len(raw) or len({pair.name for pair in pairs}) != len(pairs):
        raise BadInput("The trust file names a key twice. Each purpose has keys of its own.")
    return Ring(document["origin"], pairs)


def _is_origin(text: Any) -> bool:
    return isinstance(text, str) and text.isprintable() and 0 < len(text.encode()) < 256 and " " not in text


def _told(pair: PublicPair) -> dict[str, Any]:
    return {
        "name": pair.name,
        "ed25519": base64.b64encode(pair.ed25519.public_bytes_raw()).decode(),
        "mldsa": base64.b64encode(pair.mldsa.public_bytes_raw()).decode(),
        "not_before_index": pair.not_before,
        "not_after_index": pair.not_after,
        "revoked": pair.revoked,
    }


def _pair(item: Mapping[str, Any]) -> PublicPair:
    if set(item) != _FIELDS:
        raise ValueError(f"a key has the fields {', '.join(sorted(_FIELDS))}")
    start, end = item["not_before_index"], item["not_after_index"]
    if type(start) is not int or start < 0 or not (end is None or type(end) is int):
        raise ValueError("an index of the log is a whole number")
    if type(item["revoked"]) is not bool:
        raise ValueError("revoked is true or false")
    kind = MLDSA44PublicKey if purpose_of(item["name"]) == "log" else MLDSA65PublicKey
    classical = Ed25519PublicKey.from_public_bytes(base64.b64decode(item["ed25519"], validate=True))
    quantum_safe = kind.from_public_bytes(base64.b64decode(item["mldsa"], validate=True))
    return PublicPair(item["name"], classical, quantum_safe, start, end, item["revoked"])
