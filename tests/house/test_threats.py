"""The threat model names its proofs: every known bug and attack has a row, and every test it names is there."""

from __future__ import annotations

import re

from hybridops.bootstrap import ROOT

TABLE = (ROOT / "docs" / "threat-model.md").read_text()


def test_every_known_bug_and_attack_has_its_row() -> None:
    wanted = [*(f"H{number}" for number in range(1, 31)), *(f"T{number}" for number in range(1, 21))]
    rows = set(re.findall(r"^\| ([HT]\d+)\b", TABLE, re.MULTILINE))
    assert set(wanted) - rows == set()


def test_every_test_it_names_is_there() -> None:
    files = (ROOT / "tests").rglob("test_*.py")
    known = set(re.findall(r"def (test_\w+)", "".join(file.read_text() for file in files)))
    assert set(re.findall(r"::(test_\w+)", TABLE)) - known == set()
