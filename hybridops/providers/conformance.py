"""What every adapter has to pass, as plain functions: `for check in CHECKS: check(bench)`.

A bench is a provider without jobs of its own, and a way to let the other side work. Each check submits
under keys of its own, so one bench can serve all.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from hybridops.domain.errors import BadInput, ProviderError, ProviderRefused
from hybridops.domain.ports import (
    CancelOutcome,
    Capability,
    RemoteState,
)
from hybridops.providers.conformance_bench import CIRCUIT, SHOTS, TEMPLATE, Bench
from hybridops.trust.canonical import digest

_RANK = {
    RemoteState.UNKNOWN: 0,
    RemoteState.ACCEPTED: 1,
    RemoteState.QUEUED: 2,
    RemoteState.RUNNING: 3,
    RemoteState.CANCELLING: 4,
    RemoteState.COMPLETED: 5,
    RemoteState.FAILED: 5,
    RemoteState.CANCELLED: 5,
}


def check_backends_describe_themselves(bench: Bench) -> None:
    """Names are unique, records are complete, and looking twice gives the same digest."""
    first, second = bench.provider.backends(), bench.provider.backends()
    assert first, "no backend at all"
    assert len({one.name for one in first}) == len(first), "two backends of one name"
    assert [one.digest for one in first] == [one.digest for one in second], "digests change by themselves"
    for one in first:
        assert one.provider == bench.provider.key
        assert one.qubits >= 1
        assert one.shots_max >= 1
        assert one.rep_delay_seconds >= 0
        assert len(one.digest) == 64
        assert one.observed_at.tzinfo is not None
        assert one.calibrated_at is None or one.calibrated_at.tzinfo is not None


def check_compile_is_repeatable(bench: Bench) -> None:
    """The same circuit, backend and seed give the same bytes, and the digest is that of the bytes."""
    first, second = bench.program(), bench.program()
    assert first == second
    assert first.digest == digest(first.text.encode())
    assert first.backend == bench.target().name
    assert first.fidelity is None or 0 < first.fidelity <= 1


def check_compile_refuses_what_it_does_not_know(bench: Bench) -> None:
    for text in ("", "OPENQASM 3.0; wobble;", CIRCUIT.replace("qubit[3]", "qubit[9999]")):
        try:
            bench.provider.compile(text, bench.target(), seed=1)
        except BadInput:
            continue
        raise AssertionError(f"compiled {text[:40]!r}")


def check_one_key_is_one_job(bench: Bench) -> None:
    """With IDEMPOTENT_SUBMIT: the same id, before and after the job ends, and one bill's worth of shots."""
    if Capability.IDEMPOTENT_SUBMIT not in bench.provider.capabilities:
        return
    key = str(uuid4())
    job_id = bench.submit(key)
    assert bench.submit(key) == job_id
    bench.work()
    assert bench.submit(key) == job_id
    assert bench.look(job_id).state.final, "a second submission ran it again"
    assert bench.submit() != job_id


def check_find_by_key(bench: Bench) -> None:
    if Capability.FIND_BY_KEY not in bench.provider.capabilities:
        return
    key = str(uuid4())
    assert bench.provider.find(key) is None
    job_id = bench.submit(key)
    found = bench.provider.find(key)
    assert found is not None
    assert (found.job_id, found.key) == (job_id, key)


def check_unknown_jobs(bench: Bench) -> None:
    """A poll leaves them out; a question about one is an error."""
    known = bench.submit()
    assert [job.job_id for job in bench.provider.poll(["nobody's", known])] == [known]
    assert list(bench.provider.poll([])) == []
    questions: tuple[Callable[[str], object], ...] = (
        bench.provider.result,
        bench.provider.cancel,
        bench.provider.usage,
    )
    for ask in questions:
        try:
            ask("nobody's")
        except ProviderError:
            continue
        raise AssertionError(f"{ask} answered for a job that does not exist")


def check_states_move_forward(bench: Bench) -> None:
    job_id = bench.submit()
    seen = [bench.look(job_id).state]
    bench.work()
    seen += [bench.look(job_id).state, bench.look(job_id).state]
    ranks = [_RANK[state] for state in seen]
    assert ranks == sorted(ranks), f"went back: {seen}"
    assert not seen[0].final, "ended before anything worked"
    assert seen[-1] == RemoteState.COMPLETED


def check_result_adds_up(bench: Bench) -> None:
    """Counts are of the right length and sum to the shots done; what was asked for is said."""
    job_id = bench.submit()
    bench.work()
    found = bench.provider.result(job_id)
    assert found.shots_asked == SHOTS
    assert sum(found.counts.values()) == found.shots_done <= SHOTS
    assert found.shots_done == SHOTS or Capability.PARTIAL_RESULTS in bench.provider.capabilities
    assert all(len(bits) == 3 and not bits.strip("01") for bits in found.counts)
    assert (found.backend, found.calibration_digest) == (bench.target().name, bench.target().digest)
    assert bench.provider.result(job_id) == found, "asking twice gives another result"


def check_order_of_bits(bench: Bench) -> None:
    """Qubit 0 is set: the first bit from the left is 1, the last 0, in most shots even under noise."""
    job_id = bench.submit()
    bench.work()
    found = bench.provider.result(job_id)
    first = sum(count for bits, count in found.counts.items() if bits[0] == "1")
    last = sum(count for bits, count in found.counts.items() if bits[2] == "1")
    assert first > 0.7 * found.shots_done
    assert last < 0.3 * found.shots_done


def check_no_result_before_the_end(bench: Bench) -> None:
    job_id = bench.submit()
    try:
        bench.provider.result(job_id)
    except ProviderError:
        return
    raise AssertionError("a result of a job that nothing worked on")


def check_cancel_is_truthful(bench: Bench) -> None:
    """An accepted cancel ends as cancelled, with no result and no later change; after the end it is too late."""
    job_id = bench.submit()
    said = bench.provider.cancel(job_id)
    bench.work()
    state = bench.look(job_id).state
    if said == CancelOutcome.ACCEPTED:
        assert state == RemoteState.CANCELLED, f"accepted a cancel, ended as {state}"
    elif Capability.CANCEL_QUEUED in bench.provider.capabilities:
        raise AssertionError(f"lists CANCEL_QUEUED and answered {said}")
    other = bench.submit()
    bench.work()
    assert bench.provider.cancel(other) != CancelOutcome.ACCEPTED, "cancelled what had ended"
    assert bench.look(other).state == RemoteState.COMPLETED


def check_usage(bench: Bench) -> None:
    """In the end final and in proportion; not before the job is, unless LATE_BILL is listed."""
    job_id = bench.submit()
    early = bench.provider.usage(job_id)
    assert early is None or not early.final
    bench.work()
    usage = bench.provider.usage(job_id)
    for _ in range(10):
        if usage is not None and usage.final:
            break
        assert Capability.LATE_BILL in bench.provider.capabilities
        usage = bench.provider.usage(job_id)
    assert usage is not None
    assert usage.final
    assert usage.tasks == 1
    assert usage.shots == bench.provider.result(job_id).shots_done
    program = bench.program()
    each = bench.target().rep_delay_seconds + program.duration_seconds
    expected = bench.job_seconds + usage.shots * each
    assert abs(usage.qpu_seconds - expected) <= 1e-9 + 0.01 * expected


def check_refusals_are_certain(bench: Bench) -> None:
    """What is refused was not taken: it cannot be found, and the message is a sentence without secrets."""
    for shots in (0, -1, bench.target().shots_max + 1):
        key = str(uuid4())
        problem = _refusal(bench, key, shots)
        assert problem is not None, f"took a job of {shots} shots"
        assert bench.provider.find(key) is None
        message = str(problem)
        assert message.endswith("."), message
        assert not any(secret in message for secret in bench.secrets), "a secret in a message"
        assert not set(problem.kind) - {*string.ascii_lowercase, "_"}, problem.kind


def _refusal(bench: Bench, key: str, shots: int) -> ProviderRefused | None:
    try:
        bench.submit(key, shots=shots)
    except ProviderRefused as problem:
        return problem
    return None


def check_sets_of_values(bench: Bench) -> None:
    """With BINDINGS each set has its own counts and is a task of its own; without, such a program is refused."""
    sets = ({"theta": 0.0}, {"theta": 1.0})
    template = bench.provider.compile(TEMPLATE, bench.target(), seed=11) if _binds(bench) else bench.program()
    try:
        job = bench.provider.submit(replace(template, bindings=sets), shots=SHOTS, seed=5, key=str(uuid4()))
    except ProviderRefused:
        assert not _binds(bench), "refused what it says it can do"
        return
    assert _binds(bench), "took sets of values without saying so"
    bench.work()
    found, usage = bench.provider.result(job), bench.provider.usage(job)
    assert [sum(part.values()) for part in found.parts] == [SHOTS, SHOTS]
    assert found.counts == Counter(found.parts[0]) + Counter(found.parts[1])
    ones = [sum(count for bits, count in part.items() if bits[0] == "1") / SHOTS for part in found.parts]
    assert ones[0] < 0.4, "the values came out of order"  # also on a qubit that is read badly
    assert ones[1] > 0.6, "the values came out of order"
    assert found.shots_asked == found.shots_done == 2 * SHOTS
    assert usage is None or usage.tasks == 2


def _binds(bench: Bench) -> bool:
    return Capability.BINDINGS in bench.provider.capabilities


CHECKS: tuple[Callable[[Bench], None], ...] = (
    check_backends_describe_themselves,
    check_compile_is_repeatable,
    check_compile_refuses_what_it_does_not_know,
    check_one_key_is_one_job,
    check_find_by_key,
    check_unknown_jobs,
    check_states_move_forward,
    check_result_adds_up,
    check_order_of_bits,
    check_no_result_before_the_end,
    check_cancel_is_truthful,
    check_usage,
    check_sets_of_values,
    check_refusals_are_certain,
)
