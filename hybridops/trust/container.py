"""A bundle's container: a zip of one canonical form, read with limits and never unpacked to a disk.

Files are stored as they are, sorted, with fixed attributes. Whoever reads it writes it again and compares, so
no byte of the container is free to be anything else.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from hybridops.domain.errors import Refused

BYTES_MAX = 64 * 1024 * 1024
FILE_MAX = 4 * 1024 * 1024
FILES_MAX = 10_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,80}(/[a-z0-9][a-z0-9._-]{0,80}){0,4}")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def pack(files: Mapping[str, bytes]) -> bytes:
    """The one container that holds these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            made.writestr(entry, files[name])
    return out.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files in a container; raises Refused and names what is wrong, whatever the bytes."""
    if len(data) > BYTES_MAX:
        raise Refused(f"The bundle is larger than {BYTES_MAX} bytes.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            entries = container.infolist()
            _check_entries(entries)
            files = {entry.filename: _read(container, entry) for entry in entries}
    except Refused:
        raise
    except Exception as problem:  # a stranger's bytes: whatever the reader stumbles over, it is no bundle
        raise Refused(f"The bundle cannot be opened: {problem}") from problem
    again = pack(files)
    if again != data:
        pairs = enumerate(zip(again, data, strict=False))
        at = next((n for n, (one, other) in pairs if one != other), min(len(again), len(data)))
        raise Refused(f"The bundle's container was altered: its byte {at} is not as it was written.")
    return files


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > FILES_MAX:
        raise Refused(f"The bundle has more than {FILES_MAX} files.")
    names = [entry.filename for entry in entries]
    for entry in entries:
        if not _NAME.fullmatch(entry.filename) or ".." in entry.filename:
            raise Refused(
                f"The bundle has a file with the name {entry.filename[:80]!r}, which none may have."
            )
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise Refused(f"The bundle's {entry.filename} is compressed or encrypted; it is to be neither.")
        if entry.file_size > FILE_MAX or entry.compress_size != entry.file_size:
            raise Refused(
                f"The bundle's {entry.filename} is larger than {FILE_MAX} bytes, or says so falsely."
            )
    if len(set(names)) != len(names):
        raise Refused("The bundle has two files of one name.")
    if sum(entry.file_size for entry in entries) > BYTES_MAX:
        raise Refused("The bundle's files are larger than the bundle.")


def _read(container: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    try:
        return container.read(entry)
    except (zipfile.BadZipFile, EOFError, ValueError) as problem:
        raise Refused(f"The bundle's {entry.filename} is damaged: {problem}") from problem
