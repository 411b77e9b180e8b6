"""The lanes of a run: what is drawn as failed, and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hybridops.experiments.history import Event, What, intervals, node_of

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "resource", "device", "lane", "what"),
    [
        ("compute", "cpu", "", "cpu", What.FAILED),
        ("compute", "gpu", "CPU (NumPy)", "cpu", What.FAILED),
        ("compute", "gpu", "", "gpu", What.FAILED),
        ("quantum", "qpu", "", "qpu", What.FAILED),
        ("gate", "cpu", "", "cpu", What.WORKED),
    ],
)
def test_what_failed_is_drawn_where_it_failed_and_a_no_is_no_failure(
    kind: str, resource: str, device: str, lane: str, what: What
) -> None:
    moves = [{"stage": "one", "to": "running", "why": ""}, {"stage": "one", "to": "failed", "why": "no"}]
    events = [
        Event(at, START + timedelta(seconds=at), "run.moved", "worker", {"moves": [move]})
        for at, move in enumerate(moves)
    ]
    node = node_of("one", {"kind": kind, "resource": resource, "label": ""}, device)
    (found,) = intervals(events, {"one": node}, START + timedelta(minutes=1))
    assert (found.lane, found.name, found.what) == (lane, "one", what)


def test_a_quantum_stage_that_went_well_worked_on_the_cpu() -> None:
    """It only sends and fetches; the job at the provider has its own bar."""
    assert node_of("one", {"kind": "quantum", "resource": "qpu", "label": "Sample"}, "").lane == "cpu"
