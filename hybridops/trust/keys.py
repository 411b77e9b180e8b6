"""Signing keys: an Ed25519 and an ML-DSA key side by side, in files that only their owner reads.

A `KeyPair` signs; a `PublicPair` verifies, and always demands both signatures: breaking one algorithm
is not enough. Each purpose (log, definition, decision) has its own pair.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import SSlibKey

from hybridops.domain.errors import BadInput

PURPOSES = ("log", "definition", "decision", "webhook")


@dataclass(frozen=True, slots=True)
class PublicPair:
    """The two public keys of one purpose; `name` is how people know the holder."""

    name: str
    ed25519: Ed25519PublicKey
    mldsa65: MLDSA65PublicKey

    @property
    def keys(self) -> tuple[SSlibKey, SSlibKey]:
        """As verifiers, the classical one first."""
        return SSlibKey.from_crypto(self.ed25519), SSlibKey.from_crypto(self.mldsa65)

    def pem(self) -> str:
        """Both keys as PEM, for trust files and the offline verifier."""
        return "".join(
            key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            for key in (self.ed25519, self.mldsa65)
        )


@dataclass(frozen=True, slots=True)
class KeyPair:
    name: str
    ed25519: Ed25519PrivateKey
    mldsa65: MLDSA65PrivateKey

    @property
    def public(self) -> PublicPair:
        return PublicPair(self.name, self.ed25519.public_key(), self.mldsa65.public_key())

    @property
    def signers(self) -> tuple[CryptoSigner, CryptoSigner]:
        """The classical one first."""
        return CryptoSigner(self.ed25519), CryptoSigner(self.mldsa65)


def make(name: str) -> KeyPair:
    """A new pair in memory."""
    return KeyPair(name, Ed25519PrivateKey.generate(), MLDSA65PrivateKey.generate())


def save(pair: KeyPair, folder: Path) -> Path:
    """Writes `<name>.pem` (mode 0600) and `<name>.pub`; never overwrites a key."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{pair.name}.pem"
    private = b"".join(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for key in (pair.ed25519, pair.mldsa65)
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(private)
    path.with_suffix(".pub").write_text(pair.public.pem())
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
    if not isinstance(classical, Ed25519PrivateKey) or not isinstance(quantum_safe, MLDSA65PrivateKey):
        raise BadInput(f"{path.name} does not hold an Ed25519 and an ML-DSA-65 key.")
    return KeyPair(path.stem, classical, quantum_safe)


def load_public(name: str, pem: str) -> PublicPair:
    """The pair in the text of a `.pub` file; raises BadInput."""
    try:
        classical, quantum_safe = (load_pem_public_key(block) for block in _blocks(pem.encode()))
    except ValueError as problem:
        raise BadInput(f"{name} is not a pair of public keys: {problem}") from problem
    if not isinstance(classical, Ed25519PublicKey) or not isinstance(quantum_safe, MLDSA65PublicKey):
        raise BadInput(f"{name}: expected an Ed25519 and an ML-DSA-65 public key")
    return PublicPair(name, classical, quantum_safe)


def _blocks(pem: bytes) -> list[bytes]:
    """The PEM blocks one by one."""
    mark = b"-----BEGIN "
    return [mark + rest for rest in pem.split(mark)[1:]]
