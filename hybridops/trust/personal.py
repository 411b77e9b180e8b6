"""What people wrote and what they are called stands in the log and in what is signed as a salted digest only.

The text and its salt lie beside it. When both are gone, nobody can tell from the digest what it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hybridops.trust.canonical import digest_of

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its salt, as kept beside the log: whose it is (`person:12`) and what (`name`, `reason`)."""

    about: str
    field: str
    salt: str
    text: str

    @property
    def digest(self) -> str:
        """What stands in the log for it."""
        return digest_of([self.about, self.field, self.salt, self.text])


def fresh() -> str:
    """A salt, or a seed of salts, in hex."""
    return secrets.token_hex(SALT_BYTES)


def salted(about: str, field: str, text: str, seed: str = "") -> Text:
    """This text with a salt of its own. What JSON cannot say (half a surrogate pair) is replaced.

    With a `seed` the salt is the same each time, so that a digest can be signed before it is written. The seed
    is not kept, so a salt that stays tells nothing about another that was erased.
    """
    salt = digest_of([seed, field])[: 2 * SALT_BYTES] if seed else fresh()
    return Text(about, field, salt, text.encode("utf-8", "replace").decode())


def all_salted(about: str, said: Mapping[str, str], seed: str = "") -> tuple[Text, ...]:
    """The same for texts by their field; empty ones are nothing."""
    return tuple(salted(about, field, text, seed) for field, text in said.items() if text)


def digests(texts: Iterable[Text]) -> dict[str, str]:
    """The digest of each text by its field, as events and signed statements name them."""
    return {text.field: text.digest for text in texts}
