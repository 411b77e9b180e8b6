"""What a test may not do to those after it."""

from __future__ import annotations

from hybridops.bootstrap import ROOT


def test_no_test_empties_the_tables() -> None:
    """Rights would get other numbers, and every later test of that process would be refused. `real` has real commits."""
    asked = "transaction" + "=True"
    assert [str(file) for file in (ROOT / "tests").rglob("*.py") if asked in file.read_text()] == []
