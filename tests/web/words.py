"""What tests ask of every sentence."""

from __future__ import annotations

import re
from html import unescape

from django.utils.html import strip_tags


def plain(html: str) -> str:
    """The words a person reads, thin spaces and line breaks as ordinary ones."""
    text = unescape(strip_tags(html)).replace("\u202f", " ").replace("\xa0", " ")
    return re.sub(r"\s+", " ", text)


def within_forty(html: str) -> None:
    """An answer line: at most 40 words, whole, and never a Python word."""
    text = plain(html)
    assert 0 < len(text.split()) <= 40, text
    assert "None" not in text.replace("None has run", "")
    assert ".." not in text
    assert not re.search(r"\bnan\b|\binf\b", text, re.IGNORECASE)
