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


def test_every_fault_and_abuse_has_its_row_and_says_what_shows_it() -> None:
    rows = dict(re.findall(r"^\| ([FS]\d+) (\|.*)$", TABLE, re.MULTILINE))
    assert set(rows) == {
        *(f"F{number}" for number in range(1, 35)),
        *(f"S{number}" for number in range(1, 20)),
    }
    assert [
        name for name, row in rows.items() if "test_" not in row and "*none*" not in row and "soak" not in row
    ] == []


def test_every_file_it_names_has_the_test_that_it_names_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)", TABLE)
    assert len(named) > 60
    absent = [f"{file}::{test}" for file, test in named if f"def {test}(" not in _text(file)]
    assert absent == []


def _text(file: str) -> str:
    path = ROOT / file
    return path.read_text() if path.is_file() else ""
