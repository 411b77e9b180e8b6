"""What a kernel run leaves behind: its entries beside the exact ones, for the page and for download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.domain.ports import StepInput
from hybridops.trust.canonical import canonical
from hybridops.workflows.kernels_arms import Judged, Right
from hybridops.workflows.kernels_order import Entry
from hybridops.workflows.register_steps import needed
from hybridops.workflows.table_csv import parse


def artifacts(
    step: StepInput,
    judged: Judged,
    source: str,
    known: Mapping[Entry, float],
    exact: Mapping[Entry, float],
    right: Mapping[str, Right],
) -> dict[str, bytes]:
    """`solution`: points, entries and decisions; `picture`: the kernel's rows, landmarks first, as far as judged."""
    found, classes = needed(step, "simulate"), parse(step.problem).classes
    rows = _rows(judged, found, classes)
    matrix = [
        {
            **row,
            "exact": [_value(exact, at, column) for column in range(judged.landmarks)],
            "measured": [_value(known, at, column) for column in range(judged.landmarks)] if known else None,
        }
        for at, row in rows
    ]
    decisions = {
        name: [
            classes[label if good else 1 - label] for good, label in zip(marks, _labels(judged), strict=True)
        ]
        for name, marks in right.items()
    }
    solution = {
        "source": source,
        "classes": list(classes),
        "bandwidth": found["bandwidth"],
        "rows": matrix,
        "decisions": decisions,
        "entries": [[i, j, value] for (i, j), value in sorted(known.items())],
    }
    name = source if source in decisions else "baseline"
    drawn = {
        "kind": "kernel",
        "source": source,
        "landmarks": judged.landmarks,
        "rows": matrix,
        "decided": decisions[name],
    }
    return {"solution": canonical(solution), "picture": canonical(drawn)}


def _rows(
    judged: Judged, found: Mapping[str, Any], classes: tuple[str, str]
) -> list[tuple[int, dict[str, Any]]]:
    """The points that are judged, by their numbers in the plan; rows of the table are counted from 1."""
    first = judged.plan.target.landmarks
    chosen = [(at, found["landmarks"][at]) for at in range(judged.landmarks)]
    chosen += [(first + k, found["tests"][k]) for k in judged.tests]
    return [(at, {"row": point["row"] + 1, "class": classes[point["label"]]}) for at, point in chosen]


def _labels(judged: Judged) -> list[int]:
    return [judged.plan.labels[judged.plan.target.landmarks + k] for k in judged.tests]


def _value(known: Mapping[Entry, float], row: int, column: int) -> float | None:
    """An entry of the symmetric matrix, 1 on its diagonal; None where it did not come back."""
    if row == column:
        return 1.0
    found = known.get((max(row, column), min(row, column)))
    return None if found is None else round(found, 6)
