"""What stands where a person's name or words stood."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

GONE = "(erased)"


@dataclass(frozen=True, slots=True)
class Erased:
    """A person on the way out: what they are called in free text, and what stands there afterwards."""

    id: int
    called: frozenset[str]

    @property
    def mark(self) -> str:
        return f"erased person {self.id}"

    def without(self, text: str, words: Collection[str] = ()) -> str:
        """The text with the mark for each name, and without these words of theirs."""
        for said in sorted(filter(None, words), key=len, reverse=True):
            text = text.replace(said, GONE)
        for name in sorted(filter(None, self.called), key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", self.mark, text)
        return text
