"""What a run did and when, from its audit events: who worked, who waited, what the scheduler decided.

Every function takes runs that `queries` has already handed to this person, and asks the same number of
questions however many runs there are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from hybridops.audit.models import AuditEvent
from hybridops.audit.names import called
from hybridops.domain.placement import Candidate
from hybridops.domain.states import StageState, SubmissionState
from hybridops.domain.whatif import Weighed
from hybridops.experiments.conduct import APPROVAL, PROVIDER, STORAGE, subject
from hybridops.experiments.models import Placement, Run, Stage
from hybridops.experiments.queries import runs_for
from hybridops.teams.models import User

_QUEUED = (SubmissionState.SUBMITTED, SubmissionState.UNKNOWN)
_LOST = (SubmissionState.FAILED, SubmissionState.REFUSED)
EVENTS_MAX = 400
_NAMES = ("seq", "at", "action", "actor", "body")


class What(StrEnum):
    WORKED = "worked"
    WAITED = "waited"  # for a provider, or while spending was stopped
    DECIDED = "decided"  # a person was asked
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Interval:
    """Somebody was busy or waited. `lane` is cpu, gpu, qpu or person; `open` while it goes on."""

    lane: str
    name: str
    what: What
    start: datetime
    end: datetime
    open: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the trail. `facts` is JSON as it was recorded."""

    seq: int
    at: datetime
    action: str
    actor: str
    facts: Mapping[str, Any]

    @property
    def moves(self) -> Sequence[Mapping[str, str]]:
        return self.facts.get("moves") or ()


@dataclass(frozen=True, slots=True)
class Node:
    """What the lanes need to know of a stage."""

    label: str
    lane: str
    kind: str


def events_of(run: Run) -> list[Event]:
    """The newest events of a run, oldest first."""
    rows = AuditEvent.objects.filter(stream=subject(run.pk)).order_by("-seq")
    newest = list(rows.values_list(*_NAMES)[:EVENTS_MAX])
    names = called(body for *_, body in newest)
    return [
        _event(seq, at, action, names.get(actor) or actor.replace(":", " "), body)
        for seq, at, action, actor, body in reversed(newest)
    ]


def placements_of(run: Run) -> list[Placement]:
    """What the scheduler decided, in order."""
    return list(Placement.objects.filter(run=run).order_by("id"))


def weighed_since(user: User, since: datetime, *, limit: int) -> list[Weighed]:
    """The newest placements on QPUs of the runs this person sees, with the candidates that were weighed."""
    rows = Placement.objects.filter(run__in=runs_for(user).order_by(), made_at__gte=since)
    newest = rows.filter(document__resource="qpu").order_by("-id")
    found = newest.values_list("run_id", "document", "run__plan")[:limit]
    return [_weighed(run_id, told, plan["backend"]) for run_id, told, plan in found if told.get("candidates")]


def _weighed(run_id: int, told: Mapping[str, Any], asked: str) -> Weighed:
    chosen = (told["provider"], told["chosen"])
    return Weighed(run_id, chosen, told["chosen"] == asked, tuple(Candidate(**c) for c in told["candidates"]))


def timelines(runs: Iterable[Run], now: datetime) -> dict[int, list[Interval]]:
    """The intervals of each run, in two questions for all of them. What goes on ends `now`."""
    ids = [run.pk for run in runs]
    events: dict[int, list[Event]] = defaultdict(list)
    streams = AuditEvent.objects.filter(stream__in=[subject(pk) for pk in ids]).order_by("stream", "seq")
    for stream, seq, at, action, actor, body in streams.values_list("stream", *_NAMES):
        events[int(stream.partition(":")[2])].append(_event(seq, at, action, actor, body))
    nodes: dict[int, dict[str, Node]] = defaultdict(dict)
    stages = Stage.objects.filter(run_id__in=ids).order_by("id")
    for pk, key, spec, device in stages.values_list("run_id", "key", "spec", "device"):
        nodes[pk][key] = node_of(key, spec, device)
    return {pk: intervals(events[pk], nodes[pk], now) for pk in ids}


def node_of(key: str, spec: Mapping[str, Any], device: str) -> Node:
    """Where a stage really worked: one that would like a GPU and found none worked on the CPU."""
    resource = spec["resource"]
    lane = "cpu" if resource == "qpu" or device.upper().startswith("CPU") else resource
    return Node(spec["label"] or key, lane, spec["kind"])


def _event(seq: int, at: datetime, action: str, actor: str, body: str) -> Event:
    return Event(seq, at, action, actor, json.loads(body).get("facts") or {})


def intervals(events: Sequence[Event], nodes: Mapping[str, Node], now: datetime) -> list[Interval]:
    """The lanes of one run, in order of time."""
    stages: dict[str, tuple[datetime, str, str]] = {}
    sent: dict[int, tuple[datetime, str]] = {}
    backends: dict[int, str] = {}
    found: list[Interval] = []
    for event in events:
        if told := event.facts.get("reserved"):
            backends[told["ordinal"]] = told["backend"]
        for move in event.moves:
            if "submission" in move:
                ordinal = int(move["submission"])
                found += _submission(ordinal, sent.pop(ordinal, None), move["to"], event.at, backends)
                sent[ordinal] = (event.at, move["to"])
            else:
                found += _stage(move["stage"], stages.pop(move["stage"], None), move["to"], event.at, nodes)
                stages[move["stage"]] = (event.at, move["to"], move["why"])
    for ordinal, since in sent.items():
        found += [replace(i, open=True) for i in _submission(ordinal, since, "", now, backends)]
    for key, left in stages.items():
        found += [replace(i, open=True) for i in _stage(key, left, "", now, nodes)]
    return sorted(found, key=lambda one: (one.start, one.end))


def _stage(
    key: str, since: tuple[datetime, str, str] | None, to: str, at: datetime, nodes: Mapping[str, Node]
) -> list[Interval]:
    """What a stage did in the state it now leaves."""
    if since is None:
        return []
    start, state, why = since
    node = nodes.get(key, Node(key, "cpu", "compute"))
    if state == StageState.RUNNING and (to != StageState.FAILED or node.kind == "gate"):
        return [Interval(node.lane, node.label, What.WORKED, start, at)]  # a gate that says no worked
    if state == StageState.RUNNING:
        lane = "qpu" if node.kind == "quantum" else node.lane
        return [Interval(lane, node.label, What.FAILED, start, at)]
    if state != StageState.HELD or why == PROVIDER:
        return []
    if why == APPROVAL:
        return [Interval("person", node.label, What.DECIDED, start, at)]
    lane = node.lane if why.startswith(STORAGE) else "qpu"
    return [Interval(lane, f"{node.label}: {why}", What.WAITED, start, at)]


def _submission(
    ordinal: int, since: tuple[datetime, str] | None, to: str, at: datetime, backends: Mapping[int, str]
) -> list[Interval]:
    """What a job at a provider did in the state it now leaves."""
    if since is None:
        return []
    start, state = since
    name = f"Submission {ordinal}" + (f", {backends[ordinal]}" if ordinal in backends else "")
    if state == SubmissionState.RUNNING:
        return [Interval("qpu", name, What.FAILED if to in _LOST else What.WORKED, start, at)]
    if state in _QUEUED:
        return [Interval("qpu", name, What.FAILED if to in _LOST else What.WAITED, start, at)]
    return []
