"""The first sentence of each page, one module a page: what it says is tested, never joined in a template.

An answer is one or two sentences, at most 40 words, and true on a page with missing data.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from hybridops.web import fmt

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def counted(count: int, noun: str, plural: str = "") -> str:
    """one decision, three decisions, 12 decisions"""
    words = WORDS[count] if 0 <= count < len(WORDS) else fmt.number(count)
    return f"{words} {noun if count == 1 else plural or noun + 's'}"


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def joined(parts: Iterable[str]) -> SafeString:
    """Sentences after each other; each part is escaped unless it was made by format_html."""
    return format_html_join(" ", "{}", ((part,) for part in parts if part))


def bold(text: str) -> SafeString:
    return format_html("<b>{}</b>", text)


def marked(text: str) -> SafeString:
    """What needs somebody: underlined as with a pen."""
    return format_html("<mark>{}</mark>", text)


def listed(names: Iterable[str], last: str = "and") -> str:
    """Ada, Noor and Mikkel"""
    known = list(names)
    return f" {last} ".join(filter(None, (", ".join(known[:-1]), known[-1]))) if known else ""
