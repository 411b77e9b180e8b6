"""Signed checkpoints of the log: C2SP tlog-checkpoint text in a signed note, with two lines by the log.

One line is Ed25519 over the text (type 0x01), one an ML-DSA-44 cosignature (type 0x06) over the structure
of c2sp.org/tlog-cosignature, which carries the time of signing. Both are required here; lines of keys
that are not known to us, such as witnesses', are left alone.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from hybridops.domain.errors import Unsigned
from hybridops.trust.keys import KeyPair, PublicPair, is_signed

NOTE_MAX = 100_000
_ED25519, _MLDSA44 = b"\x01", b"\x06"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: the log's name, how many leaves, the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def cosigned(self, at: int) -> bytes:
        """The message of the ML-DSA-44 line; the log is its own cosigner."""
        name = self.origin.encode()
        named = struct.pack("B", len(name)) + name
        return (
            b"subtree/v1\n\0"
            + named
            + struct.pack(">Q", at)
            + named
            + struct.pack(">QQ", 0, self.size)
            + self.root
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint that was verified: when it was signed (seconds since 1970) and by which pairs."""

    checkpoint: Checkpoint
    at: int
    signers: tuple[str, ...]


def _key_id(name: str, kind: bytes, key: bytes) -> bytes:
    """The first four bytes of SHA-256(name, newline, type, key), as the signed-note format says."""
    return sha256(name.encode() + b"\n" + kind + key).digest()[:4]


def _key_ids(name: str, pair: PublicPair) -> tuple[bytes, bytes]:
    first, second = (key.public_bytes_raw() for key in pair.keys)
    return _key_id(name, _ED25519, first), _key_id(name, _MLDSA44, second)


def vkeys(origin: str, pair: PublicPair) -> tuple[str, str]:
    """The pair's verifier keys in the text form that other C2SP tools take."""
    kinds = zip((_ED25519, _MLDSA44), _key_ids(origin, pair), pair.keys, strict=True)
    first, second = (
        f"{origin}+{key_id.hex()}+{base64.b64encode(kind + key.public_bytes_raw()).decode()}"
        for kind, key_id, key in kinds
    )
    return first, second


def seal(checkpoint: Checkpoint, pairs: Sequence[KeyPair], *, at: int) -> str:
    """The signed note, with two lines of each pair."""
    text, lines = checkpoint.text(), []
    for pair in pairs:
        first = pair.ed25519.sign(text.encode())
        second = struct.pack(">Q", at) + pair.mldsa.sign(checkpoint.cosigned(at))
        for key_id, raw in zip(_key_ids(checkpoint.origin, pair.public), (first, second), strict=True):
            lines.append(f"\u2014 {checkpoint.origin} {base64.b64encode(key_id + raw).decode()}\n")
    return text + "\n" + "".join(lines)


def open_note(note: str, *, origin: str, trusted: Iterable[PublicPair]) -> Opened:
    """The checkpoint in a note of this log that a trusted pair signed twice; raises Unsigned, never trusts a part.

    A note on which any line of a trusted pair is missing or false is refused whole, and so is one that only
    pairs signed that are not believed for its last entry.
    """
    text, signatures = _split(note)
    checkpoint = _parse(text)
    if checkpoint.origin != origin:
        raise Unsigned(f"The checkpoint is of the log {checkpoint.origin!r}, not of {origin}.")
    signed = [(pair, at) for pair in trusted if (at := _signed(checkpoint, signatures, pair)) is not None]
    good = [(pair.name, at) for pair, at in signed if pair.covers(checkpoint.size - 1)]
    if not good:
        if signed:
            raise Unsigned(f"The checkpoint of {checkpoint.size} entries was signed by a key that has ended.")
        raise Unsigned("The checkpoint is not signed by a trusted key.")
    return Opened(checkpoint, max(at for _, at in good), tuple(name for name, _ in good))


def _signed(checkpoint: Checkpoint, signatures: list[tuple[str, bytes]], pair: PublicPair) -> int | None:
    """When this pair signed, None where it did not; raises Unsigned where a line of it is missing or false."""
    wanted = _key_ids(checkpoint.origin, pair)
    lines = [
        [raw[4:] for name, raw in signatures if name == checkpoint.origin and raw[:4] == key_id]
        for key_id in wanted
    ]
    if not any(lines):
        return None
    for kind, found in zip(("Ed25519", "ML-DSA-44"), lines, strict=True):
        if len(found) != 1:
            raise Unsigned(
                f"The checkpoint needs exactly one {kind} line of {pair.name} and has {len(found)}."
            )
    (first,), (second,) = lines
    at = int.from_bytes(second[:8])
    if not is_signed(pair.ed25519, first, checkpoint.text().encode()):
        raise Unsigned(f"The checkpoint's Ed25519 signature of {pair.name} is not valid.")
    if at >= 1 << 63 or not is_signed(pair.mldsa, second[8:], checkpoint.cosigned(at)):
        raise Unsigned(f"The checkpoint's ML-DSA-44 signature of {pair.name} is not valid.")
    return at


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text, and the signature lines as (key name, raw bytes)."""
    text, gap, tail = note.rpartition("\n\n")
    if len(note) > NOTE_MAX or not gap or not tail.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Unsigned("The checkpoint is malformed: expected text, an empty line, then signatures.")
    return text + "\n", [_signature(line) for line in tail[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes]:
    mark, name, encoded = [*line.split(" "), "", ""][:3]
    if mark != "\u2014" or not name or "+" in name or line.count(" ") != 2:
        raise Unsigned("The checkpoint has a line that is not a signature.")
    return name, _decode(encoded)


def _parse(text: str) -> Checkpoint:
    """Three lines and no more: an extension line would not be covered by both signatures."""
    parts = text.split("\n")
    if len(parts) != 4 or parts[3] or not parts[0] or not _is_size(parts[1]):
        raise Unsigned("The checkpoint is malformed: expected origin, size and root, then signatures.")
    root = _decode(parts[2])
    if len(root) != 32:
        raise Unsigned("The checkpoint's root is not a SHA-256 hash.")
    return Checkpoint(parts[0], int(parts[1]), root)


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19 and (text == "0" or text[0] != "0")


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Unsigned("The checkpoint is not valid base64.") from problem
    if base64.b64encode(raw).decode() != text:
        raise Unsigned("The checkpoint is not canonical base64.")
    return raw
