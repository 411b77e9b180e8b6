"""A state has one writer, a stage function none, and no state is a place where things stay forever."""

from __future__ import annotations

import ast
import inspect
from enum import StrEnum

import pytest

from hybridops.approvals import services as approvals
from hybridops.definitions import drafts, lifecycle, review
from hybridops.domain import breaker, states
from hybridops.domain.states import (
    BREAKER_MOVES,
    DOCUMENT_MOVES,
    DRAFT_MOVES,
    ENDINGS,
    NOTICE_MOVES,
    REQUEST_MOVES,
    RESERVATION_MOVES,
    STAGE_MOVES,
    SUBMISSION_MOVES,
    BreakerState,
    DocumentState,
    DraftState,
    NoticeState,
    RequestState,
    ReservationState,
    RunState,
    StageState,
    SubmissionState,
)
from hybridops.engine import advance, jobs, poll, quantum, recall, sending, sweep
from hybridops.experiments import conduct, services, transitions
from hybridops.outbox import delivering, mailing, publishing, queue
from hybridops.quotas import services as quotas
from hybridops.web.pages import breakers as breaker_pages
from tests.house import code

# Who writes a column called state: (module, function). Everything else makes a move through them.
WRITERS = {
    ("experiments/books.py", "_write"): "raw SQL, guarded by state and fence, or by the run's version",
    ("experiments/books.py", "Book.change"): "the same values on the row in memory",
    ("experiments/transitions.py", "_move_submission"): "guarded by the state it was read with",
    ("experiments/transitions.py", "_close"): "the projection, on the row in memory",
    ("approvals/moves.py", "move"): "the one writer of a request",
    ("quotas/services.py", "_end"): "the one writer of a reservation",
    ("definitions/drafts.py", "move"): "the one writer of a draft",
    ("outbox/queue.py", "_move"): "the one writer of a notice",
    ("backends/breakers.py", "_move"): "the one writer of a breaker, guarded by its version",
}
# Birth certificates: where a row is made in its first state.
MAKERS = {
    ("approvals/services.py", "ask"),
    ("experiments/services.py", "submit"),
    ("engine/quantum.py", "_reserve"),
    ("quotas/services.py", "reserve"),
}
# `update(**values)` says not which columns: each such call stands here with what its values hold.
BLIND = {
    ("experiments/transitions.py", "_move_submission"): "the move's own",
    ("approvals/moves.py", "move"): "the state and its end",
    ("definitions/lifecycle.py", "_move"): "the state and why, guarded by the state it was read with",
    ("outbox/queue.py", "_move"): "the state, its end and its error, guarded by the state it was read with",
    ("engine/compute.py", "Reporter.__call__"): "progress and its text, under the fence",
}
TABLES = ("experiments_", "approvals_", "quotas_", "definitions_", "backends_")


def _where(test: object) -> set[tuple[str, str]]:
    found = set()
    for name, tree in code.modules().items():
        for inside, node in code.functions(tree):
            if test(node):  # type: ignore[operator]
                found.add((name, inside))
    return found


def writes_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        flat = [part for one in targets for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
        return any(isinstance(one, ast.Attribute) and one.attr == "state" for one in flat)
    if code.called(node) in ("update", "update_or_create", "bulk_update"):
        assert isinstance(node, ast.Call)
        named = any(word.arg == "state" for word in node.keywords)
        return named or '"state"' in ast.unparse(node).replace("'", '"')
    if code.called(node) == "setattr":
        return True
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_update(node.value)


def _is_update(text: str) -> bool:
    """A statement on one of the tables, or one whose table is filled in later."""
    words = text.upper().split()
    return text == "UPDATE " or ("UPDATE" in words[:1] and any(table in text for table in TABLES))


def test_a_state_is_written_in_its_one_place() -> None:
    assert _where(writes_state) == set(WRITERS) | {
        ("config/sqlite.py", "_complete")
    }  # no row: a module's numbers


def test_no_update_is_blind_but_these() -> None:
    def blind(node: ast.AST) -> bool:
        return code.called(node) == "update" and any(word.arg is None for word in node.keywords)  # type: ignore[attr-defined]

    assert _where(blind) == set(BLIND)


def test_a_row_begins_in_one_place() -> None:
    def makes(node: ast.AST) -> bool:
        if code.called(node) in ("create", "Stage", "Submission", "ApprovalRequest", "Reservation"):
            return any(word.arg == "state" for word in node.keywords)  # type: ignore[attr-defined]
        return code.called(node) == "get_or_create" and '"state"' in ast.unparse(node).replace("'", '"')

    assert _where(makes) == MAKERS


def test_the_scan_sees_what_it_looks_for() -> None:
    for text in (
        "row.state = 'x'", "a, row.state = 1, 2", "rows.update(state='x')", "rows.update(**{'state': 'x'})",
        "rows.update_or_create(key=1, defaults={'state': 'x'})", "setattr(row, name, 1)",
        "run('UPDATE experiments_run SET a = 1')",
    ):  # fmt: skip
        assert any(writes_state(node) for node in ast.walk(ast.parse(text))), text
    for text in ("row.status = 1", "rows.update(why='x')", "x = row.state", "'UPDATE your settings'"):
        assert not any(writes_state(node) for node in ast.walk(ast.parse(text))), text


STAGE_MODULES = (
    "engine/compute.py",
    "engine/gate.py",
    "engine/quantum.py",
    "engine/programs.py",
    "engine/stages.py",
)
WRITES = {
    "save",
    "create",
    "update",
    "delete",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
}
VERBS = {"apply", "claim", "finish", "settle", "reserve", "release", "consume", "close", "record", "call"}
# A stage function's only traces outside its proposal: artifacts by their digest, and progress.
TRACES = {("engine/compute.py", "Reporter.__call__")}


def test_stage_functions_only_propose() -> None:
    found = set()
    for name in STAGE_MODULES:
        for inside, node in code.functions(code.modules()[name]):
            word = code.called(node)
            managed = word in WRITES and ".objects" in ast.unparse(node)
            if managed or word in VERBS or word in {"save", "bulk_create", "execute"}:
                found.add((name, inside))
    assert found == TRACES
    for name in STAGE_MODULES:
        imported = {
            alias.name
            for node in ast.walk(code.modules()[name])
            if isinstance(node, ast.ImportFrom) and node.module and "services" in node.module
            for alias in node.names
        }
        assert imported <= {"fetch", "store", "known"}, (name, imported)


# Every state that is no end, and the code that moves something on from it.
MOVERS: dict[StrEnum, tuple[object, str]] = {
    StageState.WAITING: (transitions._follow, "follow("),
    StageState.READY: (recall.Recall, "StageState.READY"),
    StageState.RUNNING: (sweep.return_expired, "lease_until__lt"),
    StageState.HELD: (sweep.wake_forgotten, "StageState.HELD"),
    StageState.DONE: (advance._reopen, "StageMove(gate.key"),
    RequestState.PENDING: (approvals.lapsed, "RequestState.PENDING"),
    RequestState.APPROVED: (approvals.lapsed, "RequestState.APPROVED"),
    SubmissionState.RESERVED: (quantum.quantum, "_S.RESERVED"),
    SubmissionState.SUBMITTED: (poll.poll, "_S.SUBMITTED"),
    SubmissionState.RUNNING: (poll.poll, "_S.RUNNING"),
    SubmissionState.UNKNOWN: (poll.poll, "_S.UNKNOWN"),
    ReservationState.HELD: (conduct.release_unused, "keys_held"),
    DraftState.EDITED: (drafts.ask_review, "DraftState.IN_REVIEW"),
    DraftState.IN_REVIEW: (review.decide, "DraftState.IN_REVIEW"),
    DocumentState.ACTIVE: (lifecycle.deprecate, "DocumentState.DEPRECATED"),
    DocumentState.DEPRECATED: (lifecycle.retire, "DocumentState.RETIRED"),
    BreakerState.CLOSED: (breaker.hear, "_S.CLOSED"),
    BreakerState.OPEN: (breaker.admit, "_S.OPEN"),
    BreakerState.HALF_OPEN: (breaker.hear, "_S.HALF_OPEN"),
    BreakerState.HELD: (breaker_pages.breaker, "BreakerState.CLOSED"),
    NoticeState.QUEUED: (queue.take, "NoticeState.QUEUED"),
    NoticeState.GIVEN_UP: (queue.try_again, "NoticeState.QUEUED"),
    NoticeState.SENT: (queue.replay, "NoticeState.SENT"),
}
MACHINES = (
    STAGE_MOVES,
    REQUEST_MOVES,
    SUBMISSION_MOVES,
    RESERVATION_MOVES,
    NOTICE_MOVES,
    DRAFT_MOVES,
    DOCUMENT_MOVES,
    BREAKER_MOVES,
)


def test_every_state_that_is_no_end_has_somebody_who_moves_it_on() -> None:
    open_states = {state for moves in MACHINES for state, targets in moves.items() if targets}
    assert set(MOVERS) == open_states
    for state, (function, says) in MOVERS.items():
        assert says in inspect.getsource(function), state  # type: ignore[arg-type]


def test_every_machine_is_complete_and_every_target_can_be_reached() -> None:
    for moves in MACHINES:
        kind = type(next(iter(moves)))
        assert set(moves) == set(kind)
        first = next(iter(kind))
        reached, new = {first}, {first}
        while new:
            new = {target for state in new for target in moves[state]} - reached
            reached |= new
        assert reached == set(kind)


def test_every_run_state_is_shown_by_a_projection_or_is_an_end() -> None:
    source = inspect.getsource(states.milestone) + inspect.getsource(states).split("_BY_SUBMISSION:")[-1]
    shown = {state for state in RunState if f"RunState.{state.name}" in source}
    assert shown == set(RunState) - ENDINGS


# Each target of a table, and where it is made: a state nobody moves to is a promise nobody keeps.
TARGETS: dict[StrEnum, tuple[object, ...]] = {
    StageState.READY: (transitions.return_stages, poll._wake, sweep._wake, conduct.wake_gate),
    StageState.RUNNING: (transitions._lease,),
    StageState.HELD: (advance.dispose,),
    StageState.WAITING: (advance._reopen,),
    StageState.DONE: (advance._done,),
    StageState.FELL_BACK: (advance._fall,),
    StageState.FAILED: (advance._fall,),
    StageState.SKIPPED: (transitions._end,),
    RequestState.APPROVED: (approvals._conclude, approvals._answer_by_policy),
    RequestState.REJECTED: (approvals._conclude, approvals._answer_by_policy),
    RequestState.CHANGES_REQUESTED: (approvals._conclude,),
    RequestState.EXPIRED: (conduct.lapse,),
    RequestState.WITHDRAWN: (conduct.finish,),
    RequestState.STALE: (advance._reopen,),
    RequestState.CONSUMED: (approvals.consume,),
    SubmissionState.SUBMITTED: (sending.send, poll._look_up),
    SubmissionState.UNKNOWN: (sending.send, conduct._leave, quantum._send),
    SubmissionState.REFUSED: (sending.send, sending.resend),
    SubmissionState.CANCELLED: (conduct._leave,),
    SubmissionState.RUNNING: (poll._move,),
    SubmissionState.RETRIEVED: (poll._move,),
    SubmissionState.FAILED: (poll._move,),
    ReservationState.SETTLED: (quotas.settle,),
    ReservationState.RELEASED: (quotas.release,),
    DraftState.IN_REVIEW: (drafts.ask_review,),
    DraftState.EDITED: (review,),
    DraftState.SIGNED: (review,),
    DraftState.REJECTED: (review,),
    DraftState.WITHDRAWN: (drafts.withdraw,),
    DocumentState.DEPRECATED: (lifecycle.deprecate,),
    DocumentState.RETIRED: (lifecycle.retire,),
    BreakerState.OPEN: (breaker._open, breaker._judged),
    BreakerState.HALF_OPEN: (breaker.admit,),
    BreakerState.CLOSED: (breaker._judged, breaker_pages.breaker),
    BreakerState.HELD: (breaker_pages.breaker,),
    NoticeState.QUEUED: (queue.try_again, queue.replay),
    NoticeState.SENT: (mailing._send, delivering._ended, publishing._send),
    NoticeState.GIVEN_UP: (queue.fail,),
    NoticeState.DROPPED: (mailing._send, delivering._ended, queue.leave_out),
}


def test_every_target_of_a_move_is_made_somewhere() -> None:
    targets = {target for moves in MACHINES for found in moves.values() for target in found}
    assert set(TARGETS) == targets
    means = inspect.getsource(poll)
    for state, functions in TARGETS.items():
        for function in functions:
            source = means if function is poll._move else inspect.getsource(function)  # type: ignore[arg-type]
            assert f".{state.name}" in source, (state, function)


def test_what_ends_is_final_and_what_gives_back_is_called() -> None:
    assert "return_stages" in inspect.getsource(jobs.give_back)
    assert "lapsed()" in inspect.getsource(sweep.lapse)
    assert "Fenced" in inspect.getsource(transitions._apply)
    assert "conduct.finish" in inspect.getsource(services.cancel)
    assert "RETIRED" in inspect.getsource(lifecycle.retire)


@pytest.mark.parametrize(
    "name", ["return_expired", "call_ready", "lapse", "wake_forgotten", "call_pollers", "log"]
)
def test_the_sweeper_does_every_part_each_round(name: str) -> None:
    assert name in inspect.getsource(sweep.Sweeper._round)
