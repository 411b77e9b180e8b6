from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.errors import BadInput, IllegalMove, Refused
from hybridops.domain.states import (
    ENDINGS,
    NOTICE_MOVES,
    REQUEST_MOVES,
    RESERVATION_MOVES,
    STAGE_MOVES,
    SUBMISSION_MOVES,
    NoticeState,
    RequestState,
    ReservationState,
    RunState,
    StageFact,
    StageState,
    SubmissionState,
    check_move,
    milestone,
)
from hybridops.domain.workflow import Fallback, follow, parse
from tests.world import FAKE

MACHINES: list[tuple[Any, Any, Any]] = [
    (STAGE_MOVES, StageState, StageState.WAITING),
    (REQUEST_MOVES, RequestState, RequestState.PENDING),
    (SUBMISSION_MOVES, SubmissionState, SubmissionState.RESERVED),
    (RESERVATION_MOVES, ReservationState, ReservationState.HELD),
    (NOTICE_MOVES, NoticeState, NoticeState.QUEUED),
]


@pytest.mark.parametrize(("moves", "states", "first"), MACHINES)
def test_every_state_is_in_the_table_and_can_be_reached(moves: Any, states: Any, first: Any) -> None:
    assert set(moves) == set(states)
    reached, edge = {first}, [first]
    while edge:
        fresh = moves[edge.pop()] - reached
        reached |= fresh
        edge += fresh
    assert reached == set(states)


@pytest.mark.parametrize(("moves", "states", "first"), MACHINES)
def test_from_every_state_an_end_can_be_reached(moves: Any, states: Any, first: Any) -> None:
    ends = {state for state in states if not moves[state]}
    for state in states:
        seen, edge = {state}, [state]
        while edge:
            fresh = moves[edge.pop()] - seen
            seen |= fresh
            edge += fresh
        assert seen & ends, state


@pytest.mark.parametrize(("moves", "states", "first"), MACHINES)
def test_what_the_table_lacks_is_refused(moves: Any, states: Any, first: Any) -> None:
    for source, target in product(states, states):
        if target in moves[source]:
            check_move(moves, source, target)
        else:
            with pytest.raises(IllegalMove):
                check_move(moves, source, target)


def test_a_request_is_used_only_after_it_was_approved() -> None:
    before = {state for state, targets in REQUEST_MOVES.items() if RequestState.CONSUMED in targets}
    assert before == {RequestState.APPROVED}


FACTS = st.builds(
    StageFact,
    st.just("x"),
    st.sampled_from(["validate", "compute", "gate", "quantum", "score"]),
    st.sampled_from(StageState),
)


@given(st.lists(FACTS), st.lists(st.sampled_from(SubmissionState)), st.sampled_from([None, *ENDINGS]))
def test_the_milestone_is_total_and_an_outcome_wins(stages: Any, sent: Any, outcome: Any) -> None:
    shown = milestone(stages, sent, outcome)
    assert shown in RunState
    assert (shown in ENDINGS) == (outcome is not None)


@given(st.lists(FACTS), st.lists(st.sampled_from(SubmissionState)))
def test_waiting_for_a_person_outranks_whatever_runs(stages: Any, sent: Any) -> None:
    gate = [StageFact("gate", "gate", StageState.HELD)]
    assert milestone([*stages, *gate], sent, None) == RunState.AWAITING_APPROVAL


def changed(**changes: Any) -> dict[str, Any]:
    return {**FAKE, "implementation": "0" * 64, **changes}


def test_the_shipped_shape_is_a_definition() -> None:
    definition = parse(changed())
    assert definition.fallback == Fallback.CLASSICAL
    assert definition.stage("gate").queue == "light"
    assert definition.check_parameters({"shots": 20}) == {"shots": 20, "rounds": 3}


def stage(key: str, kind: str, needs: list[str], resource: str = "cpu") -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "resource": resource,
        "needs": needs,
        "step": "",
        "seconds_max": 1,
        "label": key,
    }


BROKEN = [
    changed(schema="other"),
    changed(stages=[]),
    changed(stages=[*FAKE["stages"], FAKE["stages"][0]]),
    changed(stages=[stage("validate", "validate", ["score"]), stage("score", "score", ["validate"])]),
    changed(stages=[stage("validate", "validate", []), stage("score", "score", ["nowhere"])]),
    changed(
        stages=[
            stage("validate", "validate", []),
            stage("a", "compute", [], "qpu"),
            stage("score", "score", []),
        ]
    ),
    changed(fallback="shrug"),
    changed(parameters=[{"name": "x", "kind": "int", "default": 1, "label": "X"}]),
    changed(parameters=[{"name": "x", "kind": "int", "default": 9, "low": 1, "high": 5, "label": "X"}]),
    changed(parameters=[{"name": "x", "kind": "code", "default": 1, "low": 1, "high": 5, "label": "X"}]),
    {key: value for key, value in changed().items() if key != "acceptance"},
]


@pytest.mark.parametrize("document", BROKEN)
def test_a_malformed_definition_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        parse(document)


def test_no_path_to_a_qpu_avoids_the_gate() -> None:
    stages = [
        stage("validate", "validate", []),
        stage("q", "quantum", ["validate"], "qpu"),
        stage("score", "score", ["q"]),
    ]
    with pytest.raises(Refused, match="without passing the gate"):
        parse(changed(stages=stages))


@pytest.mark.parametrize("value", [9, 1001, 10.5, "10", True, None, float("nan"), float("inf")])
def test_a_value_outside_its_signed_range_names_the_range(value: Any) -> None:
    with pytest.raises(BadInput, match="Shots") as caught:
        parse(changed()).check_parameters({"shots": value})
    assert caught.value.field == "shots"


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(BadInput, match="no parameter 'rm'"):
        parse(changed()).check_parameters({"rm": 1})


@given(st.dictionaries(st.sampled_from([s["key"] for s in FAKE["stages"]]), st.sampled_from(StageState)))
def test_a_quantum_stage_never_becomes_ready_unless_its_gate_said_yes(
    given_states: dict[str, StageState],
) -> None:
    definition = parse(changed())
    states = {spec.key: given_states.get(spec.key, StageState.WAITING) for spec in definition.stages}
    ready = {key for key, target, _ in follow(definition.stages, states) if target == StageState.READY}
    assert "quantum" not in ready or states["gate"] == StageState.DONE
    for key in ready:
        assert all(states[need] in ("done", "fell_back", "skipped") for need in definition.stage(key).needs)
