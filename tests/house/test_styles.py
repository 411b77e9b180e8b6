"""Light and dark differ in colours alone, so a page that fits in one fits in the other and is measured once."""

from __future__ import annotations

import re

from hybridops.bootstrap import ROOT

SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
TOKEN = re.compile(r"^\s*--[\w-]+:\s*light-dark\(oklch\([^()]*\),\s*oklch\([^()]*\)\);", re.MULTILINE)


def test_a_scheme_changes_colours_and_nothing_else() -> None:
    for sheet in SHEETS:
        words = sheet.read_text()
        assert words.count("light-dark(") == len(TOKEN.findall(words)), sheet.name
        assert "prefers-color-scheme" not in words, sheet.name
        themed = re.findall(r"\[data-theme[^{]*\{([^}]*)\}", words)
        assert all(re.fullmatch(r"\s*color-scheme: (light|dark);\s*", body) for body in themed), sheet.name


def test_the_rule_sees_what_it_forbids() -> None:
    assert not TOKEN.search("  --gap: light-dark(4px, 8px);")
    assert TOKEN.search("  --ink: light-dark(oklch(.2 .02 172), oklch(.9 .01 140));")
