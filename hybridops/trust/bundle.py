"""What a bundle holds: one run's events with proofs, and everything signed that they speak of.

`manifest.json` names the run and the digest of every other file. The rest: `checkpoint`, `events/*.json` with
`events/*.tlog-proof`, `plan.json`, `documents/KIND-N.json`, `requests/ID/revision-N.json`,
`requests/ID/assessment.json`, `requests/ID/decision-N.json`, `texts.json`, and `consistency.json` where it was
asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput, Refused
from hybridops.trust import container
from hybridops.trust.canonical import canonical, digest, read

SCHEMA = "hybridops.bundle/2"
MANIFEST = "manifest.json"
_KNOWN = re.compile(
    r"checkpoint|plan\.json|texts\.json|consistency\.json|events/[a-z]+-\d+-\d{6}\.(json|tlog-proof)|"
    r"documents/(workflow|policy|pricebook)-\d+\.json|requests/\d+/(assessment|(revision|decision)-\d+)\.json"
)


@dataclass(frozen=True, slots=True)
class Bundle:
    run: int
    files: Mapping[str, bytes]

    def file(self, name: str) -> bytes:
        """A file by its name; raises Refused where the bundle lacks it."""
        if name not in self.files:
            raise Refused(f"The bundle lacks {name}.")
        return self.files[name]

    def json(self, name: str) -> Any:
        """The document in a file, which must be canonical JSON."""
        data = self.file(name)
        try:
            document = read(data)
            same = canonical(document) == data
        except BadInput as problem:
            raise Refused(f"{name} is not a document: {problem}") from problem
        if not same:
            raise Refused(f"{name} is not canonical JSON.")
        return document

    def names(self, folder: str, suffix: str = ".json") -> list[str]:
        """The files of a folder, in order."""
        return sorted(name for name in self.files if name.startswith(folder) and name.endswith(suffix))


@dataclass(frozen=True, slots=True)
class Event:
    """An event whose place in the log was proved."""

    index: int
    stream: str
    seq: int
    action: str
    at: str
    actor: Mapping[str, str]
    facts: Mapping[str, Any]
    personal: Mapping[str, str]

    @property
    def name(self) -> str:
        return f"{self.stream}#{self.seq}"

    @property
    def digests(self) -> list[str]:
        """Of the personal texts it names."""
        names = (self.actor.get("name"), self.actor.get("on_behalf"))
        return [*self.personal.values(), *(name for name in names if name)]


def event_file(stream: str, seq: int) -> str:
    """The name of an event's file without its ending; objects are `kind:number`."""
    return f"events/{stream.replace(':', '-')}-{seq:06d}"


def write(run: int, files: Mapping[str, bytes]) -> bytes:
    """The bundle with its manifest."""
    listed = {name: digest(data) for name, data in files.items()}
    manifest = canonical({"schema": SCHEMA, "run": run, "files": listed})
    return container.pack({**files, MANIFEST: manifest})


def open_bundle(data: bytes) -> Bundle:
    """The bundle in these bytes, every file as its manifest says; raises Refused and names the one that is not."""
    files = container.unpack(data)
    whole = Bundle(0, files)
    manifest = whole.json(MANIFEST)
    if not isinstance(manifest, dict) or set(manifest) != {"schema", "run", "files"}:
        raise Refused("The manifest is not one.")
    if (
        manifest["schema"] != SCHEMA
        or type(manifest["run"]) is not int
        or not isinstance(manifest["files"], dict)
    ):
        raise Refused(f"The manifest is not of the kind {SCHEMA}.")
    found = {name: digest(data) for name, data in files.items() if name != MANIFEST}
    for name in sorted(found | manifest["files"]):
        if name not in found:
            raise Refused(f"The bundle lacks {name}, which its manifest names.")
        if found[name] != manifest["files"].get(name):
            raise Refused(f"{name} was altered: it is not the file that the manifest names.")
        if not _KNOWN.fullmatch(name):
            raise Refused(f"{name} is no part of a bundle.")
    return Bundle(manifest["run"], {name: files[name] for name in found})
