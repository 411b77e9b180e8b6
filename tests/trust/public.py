"""Public test vectors, read from the `shared` folder beside the checkout where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"


def files(folder: str, pattern: str = "*.json") -> list[Path]:
    """Every file below a folder of vectors; empty where the folder is absent."""
    return sorted((VECTORS / folder).rglob(pattern))


def loaded(name: str) -> Any:
    """One file of vectors; skips the test where it is absent."""
    path = VECTORS / name
    if not path.is_file():
        pytest.skip(f"{name} is not here: vectors lie in a `shared` folder beside the checkout")
    return json.loads(path.read_text())
