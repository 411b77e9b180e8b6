"""Content-addressed bytes: stored once, named by their digest, checked at every read.

The bytes go to Django's storage "artifacts": a folder by default, an object store by setting.
"""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from hybridops.artifacts.models import Artifact
from hybridops.domain.errors import BadInput
from hybridops.trust.canonical import digest as digest_of

SIZE_MAX = 64 * 1024 * 1024


def path_of(digest: str) -> str:
    """Where the bytes lie in the storage."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def store(data: bytes, *, media_type: str = "application/octet-stream") -> str:
    """Keeps the bytes and returns their digest; a half-written copy is replaced, what was removed is back."""
    if len(data) > SIZE_MAX:
        raise BadInput(f"An artifact has at most {SIZE_MAX // 1024 // 1024} MB.")
    digest = digest_of(data)
    known = Artifact.objects.filter(pk=digest).first()
    if known is not None and known.removed_at is not None:
        Artifact.objects.filter(pk=digest).update(removed_at=None, removed_under="", cleared=False)
    storage = storages["artifacts"]
    path = path_of(digest)
    if storage.exists(path) and not _is_whole(path, digest):
        storage.delete(path)
    if not storage.exists(path):
        storage.save(path, ContentFile(data))
    if known is None:
        Artifact.objects.get_or_create(digest=digest, defaults={"size": len(data), "media_type": media_type})
    return digest


def fetch(digest: str) -> bytes:
    """The bytes; raises BadInput where they were removed, are missing, or no longer give their digest."""
    try:
        with storages["artifacts"].open(path_of(digest)) as file:
            data: bytes = file.read()
    except OSError as problem:
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
