"""The installation's own signing keys in the keys folder of its data, and the trust file beside them."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from hybridops.domain.errors import BadInput
from hybridops.trust import keyring, keys
from hybridops.trust.keyring import Ring
from hybridops.trust.keys import PURPOSES, KeyPair, PublicPair


def folder() -> Path:
    return Path(settings.HOME) / "keys"


def trust_file() -> Path:
    """The public keys with what each is believed for; auditors keep a copy."""
    return folder() / "keyring.json"


def stamp() -> str:
    """Changes whenever the trust file does: what was remembered under another one no longer counts."""
    found = trust_file().stat()
    return f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"


def ring() -> Ring:
    """The trust file as it is now; raises BadInput where there is none."""
    if not trust_file().exists():
        if any(folder().glob("*.pem")):
            raise BadInput(f"This data folder {keys.OLD}")
        raise BadInput(
            "The trust file keyring.json is missing. Restore it from your backup of the keys folder."
        )
    return _ring(trust_file(), stamp())


@lru_cache(maxsize=4)
def _ring(path: Path, _stamp: str) -> Ring:
    return keyring.read(path.read_bytes())


def pair(purpose: str) -> KeyPair:
    """The pair that signs for a purpose now; raises BadInput with what to restore where it is missing."""
    current = ring().current(purpose)
    if current is None:
        raise BadInput(f"No key signs for {purpose}. Run: manage.py keys rotate {purpose}")
    return _pair(folder() / f"{current.name}.pem", stamp())


@lru_cache(maxsize=16)
def _pair(path: Path, _stamp: str) -> KeyPair:
    """Read once for each trust file, and only where it is the key that stands there."""
    found = keys.load(path)
    listed = next(pair for pair in ring().pairs if pair.name == found.name)
    if [key.public_bytes_raw() for key in found.public.keys] != [
        key.public_bytes_raw() for key in listed.keys
    ]:
        raise BadInput(f"{path.name} is not the key that the trust file names. Restore both from one backup.")
    return found


def trusted(purpose: str) -> tuple[PublicPair, ...]:
    """The pairs whose signatures count where no place in the log is at hand: all but revoked ones."""
    return ring().trusted(purpose)


def make_missing() -> list[Path]:
    """Makes the pairs that do not exist yet and says which files to back up."""
    known = ring() if any(folder().glob("*.pem")) else Ring(f"hybridops.local/{secrets.token_hex(6)}")
    made = []
    for purpose in PURPOSES:
        if not known.own(purpose):
            made.append(add(known, purpose, index=0))
            known = ring()
    return made


def add(known: Ring, purpose: str, *, index: int) -> Path:
    """Makes the next pair of a purpose and believes it from an entry on; it signs from now on."""
    number = len(known.own(purpose)) + 1
    made = keys.make(purpose if number == 1 else f"{purpose}-{number}")
    path = keys.save(made, folder())
    write(replace(known, pairs=(*known.pairs, replace(made.public, not_before=index))))
    return path


def close(name: str, *, last: int, revoked: bool = False) -> None:
    """Ends a pair: it is believed for entries up to `last` and none after."""
    known = ring()
    ended = (
        replace(one, not_after=last, revoked=revoked or one.revoked) if one.name == name else one
        for one in known.pairs
    )
    write(replace(known, pairs=tuple(ended)))


def write(known: Ring) -> None:
    """Replaces the trust file whole: nobody ever reads half of it."""
    fresh = trust_file().with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(known.write())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(trust_file())
