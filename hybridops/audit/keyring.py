"""The installation's own signing keys, one pair a purpose, in the keys folder of its data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from hybridops.trust import keys
from hybridops.trust.keys import PURPOSES, KeyPair, PublicPair


def folder() -> Path:
    return Path(settings.HOME) / "keys"


@cache
def pair(purpose: str) -> KeyPair:
    """The pair for a purpose; raises BadInput with what to restore where it is missing."""
    return keys.load(folder() / f"{purpose}.pem")


def trusted(purpose: str) -> tuple[PublicPair, ...]:
    """Every public pair trusted for a purpose: ours, and those an administrator put beside it."""
    files = sorted(folder().glob(f"{purpose}*.pub"))
    return tuple(keys.load_public(file.stem, file.read_text()) for file in files)


def make_missing() -> list[Path]:
    """Makes the pairs that do not exist yet and says which files to back up."""
    missing = [purpose for purpose in PURPOSES if not (folder() / f"{purpose}.pem").exists()]
    made = [keys.save(keys.make(purpose), folder()) for purpose in missing]
    pair.cache_clear()
    return made
