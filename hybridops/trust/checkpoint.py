"""Signed checkpoints of the log: C2SP tlog-checkpoint text in a signed note with two signatures.

One line is Ed25519 (type 0x01), one ML-DSA-65 in a type of our own (0xff with a name), since the note
format has no assigned byte for a plain ML-DSA-65 signature. Both are required here.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer._signature import Signature

from hybridops.domain.errors import Unsigned
from hybridops.trust.keys import KeyPair, PublicPair

OWN_TYPE = b"\xffhybridops.dev/note-ml-dsa-65"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: the log's name, how many leaves, the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def _key_ids(name: str, pair: PublicPair) -> tuple[bytes, bytes]:
    """The first four bytes of SHA-256(name, newline, type, key), as the signed-note format says."""
    classical = b"\x01" + pair.ed25519.public_bytes_raw()
    quantum_safe = OWN_TYPE + pair.mldsa65.public_bytes_raw()
    first, second = (sha256(name.encode() + b"\n" + key).digest()[:4] for key in (classical, quantum_safe))
    return first, second


def seal(checkpoint: Checkpoint, pair: KeyPair) -> str:
    """The signed note."""
    text = checkpoint.text()
    lines = []
    for key_id, signer in zip(_key_ids(checkpoint.origin, pair.public), pair.signers, strict=True):
        raw = bytes.fromhex(signer.sign(text.encode()).signature)
        lines.append(f"\u2014 {checkpoint.origin} {base64.b64encode(key_id + raw).decode()}\n")
    return text + "\n" + "".join(lines)


def open_note(note: str, pair: PublicPair) -> Checkpoint:
    """The checkpoint in a note that this pair signed twice; raises Unsigned, never trusts a part."""
    text, gap, tail = note.partition("\n\n")
    text += "\n"
    parts = text.split("\n")
    if (
        not gap
        or len(parts) != 4
        or parts[3]
        or not parts[1].isdecimal()
        or (len(parts[1]) > 1 and parts[1][0] == "0")
    ):
        raise Unsigned("The checkpoint is malformed: expected origin, size and root, then signatures.")
    signatures = _signatures(tail, parts[0])
    for key_id, key in zip(_key_ids(parts[0], pair), pair.keys, strict=True):
        try:
            key.verify_signature(Signature(key.keyid, signatures[key_id].hex()), text.encode())
        except (KeyError, UnverifiedSignatureError, VerificationError) as problem:
            raise Unsigned(f"The checkpoint has no valid {key.scheme} signature of {pair.name}.") from problem
    return Checkpoint(parts[0], int(parts[1]), _root(parts[2]))


def _signatures(tail: str, origin: str) -> dict[bytes, bytes]:
    found = {}
    for line in tail.splitlines():
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if mark != "\u2014":
            raise Unsigned("The checkpoint has a line that is not a signature.")
        if name == origin:
            raw = _decode(encoded)
            found[raw[:4]] = raw[4:]
    return found


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Unsigned("The checkpoint is not valid base64.") from problem


def _root(text: str) -> bytes:
    root = _decode(text)
    if len(root) != 32:
        raise Unsigned("The checkpoint's root is not a SHA-256 hash.")
    return root
