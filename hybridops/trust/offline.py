"""The offline verifier: from a bundle and a trust file to what can be relied on, step by step.

It imports no framework and asks no network. Each step is a sentence; the first thing that is wrong is raised.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from hybridops.domain.errors import Refused, Unsigned
from hybridops.trust import checkpoint as notes
from hybridops.trust import decisions, proof
from hybridops.trust.bundle import Bundle, Event, event_file, open_bundle
from hybridops.trust.checkpoint import Opened
from hybridops.trust.keyring import Ring
from hybridops.trust.merkle import check_consistency, check_inclusion, leaf_hash
from hybridops.trust.personal import Text


def verify(data: bytes, ring: Ring, *, since: str = "") -> Iterator[str]:
    """Says each step that holds; raises Refused or Unsigned with the first that does not.

    `since` is a checkpoint that the reader kept: the log must be its continuation.
    """
    try:
        yield from _steps(data, ring, since)
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as problem:
        raise Refused(f"Something in the bundle has another form than it must have: {problem}") from problem


def _steps(data: bytes, ring: Ring, since: str) -> Iterator[str]:
    bundle = open_bundle(data)
    yield f"The bundle of run R-{bundle.run} is whole: {len(bundle.files)} files, each as its manifest says."
    opened = _checkpoint(bundle, ring)
    signed_at = datetime.fromtimestamp(opened.at, UTC)
    yield (
        f"The checkpoint of {opened.checkpoint.size} entries of {ring.origin} was signed on "
        f"{signed_at:%d %B %Y, %H:%M:%S} UTC by {' and '.join(opened.signers)}, with Ed25519 and ML-DSA-44."
    )
    if since:
        yield _continues(bundle, ring, opened, since)
    events = _events(bundle, opened)
    yield f"Each of the {len(events)} events stands in the log under that checkpoint, byte for byte."
    yield _numbered(bundle.run, events)
    texts = _texts(bundle, events)
    yield _counted(texts, events)
    yield from decisions.verify(bundle, ring, events, texts)


def _checkpoint(bundle: Bundle, ring: Ring) -> Opened:
    try:
        note = bundle.file("checkpoint").decode()
    except UnicodeDecodeError as problem:
        raise Unsigned("The checkpoint is not text.") from problem
    return notes.open_note(note, origin=ring.origin, trusted=ring.of("log"))


def _continues(bundle: Bundle, ring: Ring, opened: Opened, since: str) -> str:
    """That the log only grew since a checkpoint somebody kept."""
    old = notes.open_note(since, origin=ring.origin, trusted=ring.of("log")).checkpoint
    new = opened.checkpoint
    if old.size > new.size:
        raise Refused(
            f"The kept checkpoint covers {old.size} entries and this bundle's {new.size}: "
            "it is older, or the log was cut."
        )
    path: list[bytes] = []
    if old.size < new.size:
        path = _path(bundle, old.size)
    check_consistency(old.size, new.size, path, old.root, new.root)
    return f"The log is the continuation of the kept checkpoint of {old.size} entries: nothing before it was changed."


def _path(bundle: Bundle, old: int) -> list[bytes]:
    name = "consistency.json"
    told = bundle.json(name) if name in bundle.files else {}
    if told.get("old") != old:
        raise Refused(
            f"This bundle does not carry the proof from a checkpoint of {old} entries. "
            "Have it exported with that number."
        )
    try:
        path = [base64.b64decode(one, validate=True) for one in told["path"]]
    except (binascii.Error, KeyError, TypeError, ValueError) as problem:
        raise Refused(f"{name} is malformed: {problem}") from problem
    if told != {"old": old, "path": [base64.b64encode(one).decode() for one in path]}:
        raise Refused(f"{name} is written in another way than it must be.")
    return path


def _events(bundle: Bundle, opened: Opened) -> list[Event]:
    """Every event of the bundle, proved, in the order of the log."""
    note, point = bundle.file("checkpoint").decode(), opened.checkpoint
    found = []
    for name in bundle.names("events/"):
        event = _event(bundle, name)
        file = name.removesuffix(".json") + ".tlog-proof"
        try:
            shown = proof.read(bundle.file(file).decode())
            if shown.note != note:
                raise Refused("its checkpoint is another one")
            check_inclusion(leaf_hash(bundle.file(name)), shown.index, point.size, shown.path, point.root)
        except (Refused, UnicodeDecodeError) as problem:
            raise Refused(f"{file} does not prove the place of {event.name}: {problem}.") from problem
        found.append(replace(event, index=shown.index))
    if len({event.index for event in found}) != len(found):
        raise Refused("Two events claim one place in the log.")
    proofs = {name.removesuffix(".tlog-proof") for name in bundle.names("events/", ".tlog-proof")}
    if loose := proofs - {name.removesuffix(".json") for name in bundle.names("events/")}:
        raise Refused(f"{min(loose)}.tlog-proof proves nothing: its event is missing.")
    return sorted(found, key=lambda event: event.index)


def _event(bundle: Bundle, name: str) -> Event:
    told = bundle.json(name)
    try:
        event = Event(
            -1, told["stream"], told["seq"], told["action"], told["at"], told["actor"], told["facts"],
            told.get("personal", {}),
        )  # fmt: skip
        if told["v"] != 2 or name != event_file(event.stream, event.seq) + ".json":
            raise Refused(f"{name} holds another event than its name says.")
        datetime.fromisoformat(event.at)
        _ = event.actor["kind"], event.actor["id"], event.facts.keys(), event.personal.keys()
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise Refused(f"{name} is not an event: {problem}") from problem
    return event


def _numbered(run: int, events: list[Event]) -> str:
    """Every object's events from its first on, without a gap, in the order of the log."""
    streams: dict[str, list[int]] = defaultdict(list)
    for event in events:
        streams[event.stream].append(event.seq)
    for stream, numbers in streams.items():
        if numbers != list(range(1, len(numbers) + 1)):
            missing = next((n for n in range(1, max(numbers) + 1) if n not in numbers), 0)
            raise Refused(
                f"{stream}#{missing} is missing from the bundle."
                if missing
                else f"The events of {stream} are not in order."
            )
    mine = streams.get(f"run:{run}")
    if not mine:
        raise Refused(f"The bundle has no event of the run R-{run}.")
    last = [event for event in events if event.stream == f"run:{run}"][-1]
    return (
        f"The run's events are numbered 1 to {len(mine)} without a gap; the last is {last.action} at {last.at}. "
        "Later ones, if any, are not part of this bundle."
    )


def _texts(bundle: Bundle, events: list[Event]) -> dict[str, Text]:
    """Names and reasons by their digest, each the one that was digested; what was erased is not among them."""
    wanted = {digest for event in events for digest in event.digests}
    known: dict[str, Text] = {}
    for item in bundle.json("texts.json"):
        try:
            text = Text(item["about"], item["field"], item["salt"], item["text"])
            digest = text.digest
            same = digest == item["digest"] and set(item) == {"about", "field", "salt", "text", "digest"}
        except (KeyError, TypeError) as problem:
            raise Refused(f"texts.json is malformed: {problem}") from problem
        if not same or digest not in wanted or digest in known:
            raise Refused(f"A text of {text.about} ({text.field}) is not one that an event names.")
        known[digest] = text
    return known


def _counted(texts: Mapping[str, Text], events: list[Event]) -> str:
    gone = len({digest for event in events for digest in event.digests} - texts.keys())
    erased = f"; {gone} more were erased, and their events stand" if gone else ""
    return f"{len(texts)} names and texts are those that the events name by digest{erased}."
