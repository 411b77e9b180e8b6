"""What people wrote and what they are called stands in the log as a salted digest only; the text lies beside it.

The salt is random and lies with the text. When both are gone, nobody can tell from the digest what it was.
"""

from __future__ import annotations

import secrets
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


def salted(about: str, field: str, text: str) -> Text:
    """This text with a salt of its own. What JSON cannot say (half a surrogate pair) is replaced."""
    clean = text.encode("utf-8", "replace").decode()
    return Text(about, field, secrets.token_hex(SALT_BYTES), clean)
