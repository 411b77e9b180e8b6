"""The whole log, checked: every event against its hash, its number, its place, and the signed roots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from hybridops.audit.keyring import trusted
from hybridops.audit.models import AuditEvent, Checkpoint, Leaf, Stream
from hybridops.audit.services import checkpoint_folder
from hybridops.domain.errors import BadInput, Unsigned
from hybridops.trust import checkpoint as notes
from hybridops.trust.canonical import read
from hybridops.trust.merkle import Frontier, leaf_hash

FINDINGS_MAX = 20


@dataclass(slots=True)
class Report:
    """`findings` name what is wrong, first things first; `tail` counts events not yet under a signed root."""

    events: int = 0
    leaves: int = 0
    sealed: int = 0
    tail: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return not self.findings


def verify() -> Report:
    """Recomputes everything from the stored bytes; trusts only the public log keys."""
    report = Report()
    for finding in islice(_findings(report), FINDINGS_MAX):
        report.findings.append(finding)
    report.tail = report.events - report.sealed
    return report


def _findings(report: Report) -> Iterator[str]:
    yield from _events(report)
    roots = _checkpoints()
    yield from _leaves(report, dict(roots.good))
    yield from roots.bad
    last = max(roots.good, default=0)
    report.sealed = min(last, report.leaves)
    if last > report.leaves:
        yield f"the log was cut off: a signed checkpoint covers {last} events, only {report.leaves} are left"


def _events(report: Report) -> Iterator[str]:
    """Each event's own bytes, and the numbering of every stream."""
    before = dict(Stream.objects.values_list("name", "head"))  # events are written while we read
    heads: dict[str, int] = {}
    for event in AuditEvent.objects.order_by("stream", "seq").iterator(2000):
        report.events += 1
        name = f"event {event.stream}#{event.seq}"
        expected = heads.get(event.stream, 0) + 1
        if event.seq != expected:
            yield f"{event.stream} has no event {expected}: a row is missing before {name}"
        heads[event.stream] = event.seq
        if leaf_hash(event.body.encode()) != bytes(event.leaf_hash) or not _same(event):
            yield f"{name} was altered: its bytes do not give its hash"
    for stream in Stream.objects.iterator(2000):
        seen = heads.get(stream.name, 0)
        if not before.get(stream.name, 0) <= seen <= stream.head:
            yield f"{stream.name} ends at {seen}, {stream.head} events were written"


def _same(event: AuditEvent) -> bool:
    """Whether the columns that people filter by say what the signed bytes say."""
    try:
        body = read(event.body.encode())
    except BadInput:
        return False
    told = (body.get("stream"), body.get("seq"), body.get("action"), body.get("at"))
    return told == (event.stream, event.seq, event.action, event.at.isoformat())


def _leaves(report: Report, roots: dict[int, bytes]) -> Iterator[str]:
    """The tree over all leaves, compared with every signed root on the way."""
    edge = Frontier()
    rows = Leaf.objects.order_by("index").values_list("index", "leaf_hash", "event__leaf_hash")
    for index, stored, own in rows.iterator(2000):
        if index != edge.size:
            yield f"leaf {edge.size} is missing from the log"
            return
        if bytes(stored) != bytes(own):
            yield f"leaf {index} is not the hash of its event"
        edge.append(bytes(stored))
        root = roots.get(edge.size)
        if root is not None and root != edge.root():
            yield f"the first {edge.size} events do not give the root that was signed for them"
    report.leaves = edge.size


@dataclass(slots=True)
class _Roots:
    good: dict[int, bytes] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)


def _checkpoints() -> _Roots:
    """The signed roots in the database, and the one kept outside it."""
    roots, keys = _Roots(), trusted("log")
    kept = checkpoint_folder() / "latest.txt"
    named = [(f"checkpoint {c.size}", c.note) for c in Checkpoint.objects.order_by("size").iterator()]
    if kept.exists():
        named.append(("the checkpoint file", kept.read_text()))
    for name, note in named:
        for key in keys:
            try:
                opened = notes.open_note(note, key)
            except Unsigned:
                continue
            if roots.good.setdefault(opened.size, opened.root) != opened.root:
                roots.bad.append(f"two roots were signed for {opened.size} events")
            break
        else:
            roots.bad.append(f"{name} has no valid signatures")
    return roots
