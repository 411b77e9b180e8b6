"""Signing keys: an Ed25519 and an ML-DSA key side by side, in files that only their owner reads.

A `KeyPair` signs; a `PublicPair` verifies, and always demands both signatures: breaking one algorithm
is not enough. Each purpose has its own pair; a name is its purpose, with a number from the second on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hybridops.domain.errors import BadInput

PURPOSES = ("log", "definition", "decision", "webhook")
OLD = "was made by an earlier version, whose signatures this one does not read. Make a new data folder."

type Classical = Ed25519PublicKey
type QuantumSafe = MLDSA44PublicKey | MLDSA65PublicKey
type Key = Classical | QuantumSafe


def purpose_of(name: str) -> str:
    """What a key of this name signs; raises BadInput for a name that says nothing."""
    purpose = name.partition("-")[0]
    if purpose not in PURPOSES:
        raise BadInput(f"{name} is no name of a key: it begins with {', '.join(PURPOSES)}.")
    return purpose


def is_signed(key: Key, signature: bytes, message: bytes) -> bool:
    """Whether this key made this signature of exactly these bytes; never raises, whatever they are."""
    try:
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class PublicPair:
    """The two public keys of one holder. They are believed for entries of the log from `not_before` to `not_after`."""

    name: str
    ed25519: Classical
    mldsa: QuantumSafe
    not_before: int = 0
    not_after: int | None = None
    revoked: bool = False

    @property
    def purpose(self) -> str:
        return purpose_of(self.name)

    @property
    def keys(self) -> tuple[Classical, QuantumSafe]:
        """The classical one first."""
        return self.ed25519, self.mldsa

    def covers(self, index: int) -> bool:
        """Whether what stands at this index of the log may be signed by it. Places decide, claimed times never."""
        return self.not_before <= index and (self.not_after is None or index <= self.not_after)


@dataclass(frozen=True, slots=True)
class KeyPair:
    name: str
    ed25519: Ed25519PrivateKey
    mldsa: MLDSA44PrivateKey | MLDSA65PrivateKey

    @property
    def public(self) -> PublicPair:
        return PublicPair(self.name, self.ed25519.public_key(), self.mldsa.public_key())

    def sign(self, message: bytes) -> tuple[bytes, bytes]:
        """Both signatures, the classical one first."""
        return self.ed25519.sign(message), self.mldsa.sign(message)


def make(name: str) -> KeyPair:
    """A new pair in memory. The log's is of the kind that C2SP checkpoints carry, the others are stronger."""
    kind = MLDSA44PrivateKey if purpose_of(name) == "log" else MLDSA65PrivateKey
    return KeyPair(name, Ed25519PrivateKey.generate(), kind.generate())


def save(pair: KeyPair, folder: Path) -> Path:
    """Writes `<name>.pem`, which only its owner reads; never overwrites a key."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{pair.name}.pem"
    private = b"".join(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for key in (pair.ed25519, pair.mldsa)
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(private)
        file.flush()
        os.fsync(file.fileno())
    return path


def load(path: Path) -> KeyPair:
    """The pair in a file that `save` wrote; raises BadInput with what is wrong and what to do."""
    if not path.exists():
        raise BadInput(
            f"The signing key {path.name} is missing. Restore it from your backup of the keys folder."
        )
    if path.stat().st_mode & 0o077:
        raise BadInput(f"{path.name} can be read by others. Run chmod 600 on it.")
    try:
        classical, quantum_safe = (load_pem_private_key(block, None) for block in _blocks(path.read_bytes()))
    except ValueError as problem:
        raise BadInput(f"{path.name} is not a pair of signing keys: {problem}") from problem
    is_log = purpose_of(path.stem) == "log"
    if is_log and isinstance(quantum_safe, MLDSA65PrivateKey):
        raise BadInput(f"The key {path.name} {OLD}")
    wanted = MLDSA44PrivateKey if is_log else MLDSA65PrivateKey
    if not isinstance(classical, Ed25519PrivateKey) or not isinstance(quantum_safe, wanted):
        raise BadInput(f"{path.name} does not hold an Ed25519 and an ML-DSA-{44 if is_log else 65} key.")
    return KeyPair(path.stem, classical, quantum_safe)


def _blocks(pem: bytes) -> list[bytes]:
    """The PEM blocks one by one."""
    mark = b"-----BEGIN "
    return [mark + rest for rest in pem.split(mark)[1:]]
