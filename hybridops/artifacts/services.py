"""Content-addressed bytes: stored once, named by their digest, checked at every read.

The bytes go to Django's storage "artifacts": a folder by default, an object store by setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from hybridops.artifacts.models import Artifact
from hybridops.domain.errors import BadInput, StorageAway
from hybridops.trust.canonical import digest as digest_of

SIZE_MAX = 64 * 1024 * 1024
_REMOTE = ("botocore", "boto3", "s3transfer", "urllib3")  # whose errors mean that an object store is away


def path_of(digest: str) -> str:
    """Where the bytes lie in the storage."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def store(data: bytes, *, media_type: str = "application/octet-stream") -> str:
    """Keeps the bytes and returns their digest; a half-written copy is replaced, what was removed is back.

    Raises StorageAway where they cannot be kept for now.
    """
    if len(data) > SIZE_MAX:
        raise BadInput(f"An artifact has at most {SIZE_MAX // 1024 // 1024} MB.")
    digest = digest_of(data)
    known = Artifact.objects.filter(pk=digest).first()
    if known is not None and known.removed_at is not None:
        Artifact.objects.filter(pk=digest).update(removed_at=None, removed_under="", cleared=False)
    with _asking():
        _keep(path_of(digest), digest, data)
    if known is None:
        Artifact.objects.get_or_create(digest=digest, defaults={"size": len(data), "media_type": media_type})
    return digest


def _keep(path: str, digest: str, data: bytes) -> None:
    storage = storages["artifacts"]
    if storage.exists(path) and not _is_whole(path, digest):
        storage.delete(path)
    if not storage.exists(path):
        storage.save(path, ContentFile(data))


def check_there() -> None:
    """Raises StorageAway where the storage does not answer."""
    with _asking():
        storages["artifacts"].exists(path_of(digest_of(b"")))


@contextmanager
def _asking() -> Iterator[None]:
    """What goes wrong with the storage itself, not with one file, is an outage."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as problem:
        remote = type(problem).__module__.partition(".")[0] in _REMOTE
        if not (remote or isinstance(problem, OSError)):
            raise
        raise StorageAway(f"{_said(problem)}. Runs wait for it and go on by themselves.") from problem


def _said(problem: Exception) -> str:
    """Its kind and code: the whole text may name places and keys."""
    answered = getattr(problem, "response", None) or {}
    code = answered.get("Error", {}).get("Code") or getattr(problem, "strerror", None)
    return f"{type(problem).__name__}{f', {code}' if code else ''}"


def fetch(digest: str) -> bytes:
    """The bytes; raises BadInput where they were removed, are missing, or no longer give their digest, and
    StorageAway where nobody can tell for now.
    """
    try:
        with _asking(), storages["artifacts"].open(path_of(digest)) as file:
            data: bytes = file.read()
    except FileNotFoundError as problem:
        row = Artifact.objects.filter(pk=digest, removed_at__isnull=False).first()
        if row is not None and row.removed_at is not None:
            raise BadInput(
                f"This was removed on {row.removed_at:%Y-%m-%d} under {row.removed_under}."
            ) from problem
        raise BadInput(f"Artifact {digest[:16]} is missing from the storage.") from problem
    if digest_of(data) != digest:
        raise BadInput(f"Artifact {digest[:16]} was altered in the storage.")
    return data


def _is_whole(path: str, digest: str) -> bool:
    with storages["artifacts"].open(path) as file:
        return digest_of(file.read()) == digest
