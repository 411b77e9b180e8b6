"""What bytes a digest covers: RFC 8785 canonical JSON, and a reader that refuses what JCS cannot say."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785

from hybridops.domain.errors import BadInput

DEPTH_MAX = 64


def canonical(document: Any) -> bytes:
    """RFC 8785 bytes; raises BadInput for NaN, infinities, integers past 2^53, lone surrogates."""
    try:
        return rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as problem:
        raise BadInput(f"this cannot be written as canonical JSON: {problem}") from problem


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def digest_of(document: Any) -> str:
    """The digest of a document's canonical bytes."""
    return digest(canonical(document))


def read(data: bytes) -> Any:
    """Strict JSON: no duplicate keys, no NaN or infinity, no number that overflows, limited depth.

    Raises BadInput; nothing else, whatever the bytes.
    """
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        _check_depth(document)
    except (ValueError, RecursionError) as problem:
        raise BadInput(f"expected JSON: {problem}") from problem
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large")
    return value


def _check_depth(document: Any, depth: int = 0) -> None:
    if depth > DEPTH_MAX:
        raise ValueError(f"nested deeper than {DEPTH_MAX}")
    if isinstance(document, dict | list):
        for item in document.values() if isinstance(document, dict) else document:
            _check_depth(item, depth + 1)
