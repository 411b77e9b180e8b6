"""A run's intervals as a stave, with the scheduler's decisions on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hybridops.experiments.history import Interval, What
from hybridops.experiments.models import Placement, Stage
from hybridops.web import fmt
from hybridops.web.figures import Bar, Kind, Lane, Mark, Stave

_LANES = {"person": Lane.PERSON, "cpu": Lane.CPU, "gpu": Lane.GPU, "qpu": Lane.QPU}
_KINDS: Mapping[What, Kind] = {
    What.WORKED: Kind.WORK,
    What.DECIDED: Kind.WORK,
    What.WAITED: Kind.WAIT,
    What.FAILED: Kind.FAILED,
}
AXES = {"folded": "Folded", "true": "True time", "table": "Table"}


def score_of(
    intervals: Sequence[Interval], marks: Sequence[Mark], *, now: datetime | None, folded: bool = True
) -> Stave:
    """`now` is None once the run has ended."""
    bars = tuple(Bar(_LANES[i.lane], i.start, i.end, i.name, _KINDS[i.what]) for i in intervals)
    return Stave(bars, tuple(marks) if bars else (), now if bars else None, folded=folded)


def marks_of(placements: Sequence[Placement], lanes: Mapping[str, str]) -> list[Mark]:
    """One numbered disc for each decision; `lanes` maps a stage to where it worked."""
    marks = [
        Mark(number, row.made_at, _LANES[lanes.get(row.stage, "cpu")], str(row.document["chosen"]))
        for number, row in enumerate(placements, start=1)
    ]
    return [
        replace(mark, lane=Lane.QPU) if _is_qpu(row) else mark
        for mark, row in zip(marks, placements, strict=True)
    ]


def _is_qpu(row: Placement) -> bool:
    return bool(row.document["resource"] == "qpu")


def computing_seconds(intervals: Sequence[Interval]) -> float:
    """How long anything computed, overlaps counted once."""
    spans = sorted((i.start, i.end) for i in intervals if i.lane != "person" and i.what is What.WORKED)
    total, reached = 0.0, None
    for start, end in spans:
        begin = start if reached is None else max(start, reached)
        total += max(0.0, (end - begin).total_seconds())
        reached = end if reached is None else max(end, reached)
    return total


def so_far(intervals: Sequence[Interval]) -> str:
    """What a caption says while a run goes on; empty where nothing has begun."""
    words = {"person": "Person", "cpu": "CPU", "gpu": "GPU", "qpu": "QPU"}
    spent = dict.fromkeys(words, 0.0)
    for one in intervals:
        spent[one.lane] += (one.end - one.start).total_seconds() if one.what is not What.WAITED else 0.0
    waited = sum((i.end - i.start).total_seconds() for i in intervals if i.what is What.WAITED)
    parts = [f"{words[name]} {fmt.duration(seconds)}" for name, seconds in spent.items() if seconds]
    parts += [f"waiting for a provider {fmt.duration(waited)}"] if waited else []
    return f"So far: {', '.join(parts)}." if parts else ""


def labels(stages: Sequence[Stage]) -> dict[str, str]:
    return {stage.key: stage.spec["label"] or stage.key for stage in stages}
