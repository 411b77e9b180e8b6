"""An entry with its place, as one text file: c2sp.org/tlog-proof, checked offline against the trust file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from hybridops.domain.errors import Refused

HEADER = "c2sp.org/tlog-proof@v1"
PATH_MAX = 63


@dataclass(frozen=True, slots=True)
class Proof:
    index: int
    path: tuple[bytes, ...]
    note: str


def write(index: int, path: Sequence[bytes], note: str) -> str:
    """The proof of the entry at `index` under the checkpoint in `note`."""
    hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in path)
    return f"{HEADER}\nindex {index}\n{hashes}\n{note}"


def read(text: str) -> Proof:
    """The proof in a text; raises Refused where it is none. Its parts are not verified yet."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    number = lines[1].removeprefix("index ") if len(lines) > 1 else ""
    decimal = number.isascii() and number.isdecimal() and len(number) < 19 and str(int(number)) == number
    if not gap or lines[0] != HEADER or lines[1] != f"index {number}" or not decimal:
        raise Refused("this is not a proof of the log")
    try:
        path = tuple(base64.b64decode(line, validate=True) for line in lines[2:])
    except (binascii.Error, ValueError) as problem:
        raise Refused("the proof is not valid base64") from problem
    if len(path) > PATH_MAX or any(len(one) != 32 for one in path):
        raise Refused("the proof holds something that is not a SHA-256 hash")
    if write(int(number), path, note) != text:
        raise Refused("the proof is written in another way than it must be")
    return Proof(int(number), path, note)
