"""What an adapter to a vendor has to pass beside `conformance.CHECKS`: a stage that lies, loses and hangs.

`for check in REMOTE_CHECKS: check(bench)`. Each check uses a key of its own and leaves the script empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from hybridops.domain.errors import ProviderError, ProviderRefused, ProviderUnclear
from hybridops.domain.ports import CancelOutcome, Capability, Provider, RemoteState
from hybridops.providers.conformance_bench import SHOTS, Bench
from hybridops.providers.fakecloud import faults
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.faults import Fault

LONG, SHORT = 3600.0, 3.0  # seconds of Retry-After: beyond an adapter's patience, and within
HASTY_SECONDS, HANG_SECONDS = 0.3, 0.6  # how long the hasty adapter waits, and what is longer than that


@dataclass(frozen=True, slots=True, kw_only=True)
class StageBench(Bench):
    """A bench whose other side is the stage. `operations` tells what the adapter's calls are there: submit,
    poll, cancel. `hasty` is the same adapter, waiting HASTY_SECONDS for an answer; `nowhere` one whose address
    nobody answers at. `naps` are the seconds that the adapter's Pause has slept, on a clock that it moved itself.
    """

    cloud: Cloud
    vendor: str
    operations: Mapping[str, str]
    hasty: Provider
    nowhere: Provider
    naps: list[float] = field(default_factory=list)
    code: str = ""  # a reason for failing, in the vendor's words

    def script(self, kind: str, call: str, **more: object) -> None:
        operation = f"{self.vendor}.{self.operations[call]}"
        self.cloud.script.add(Fault(kind, operation, **more))  # type: ignore[arg-type]

    def requests(self, call: str) -> int:
        return self.cloud.requests[f"{self.vendor}.{self.operations[call]}"]

    def jobs(self) -> int:
        return len(self.cloud.jobs.all(self.vendor))

    def taken(self, kind: str, **more: object) -> str:
        """A job whose own fate is this fault."""
        self.script(kind, "submit", **more)
        return self.submit()


def check_lost_answer(bench: StageBench) -> None:
    """Nobody knows, until the key is looked up; the job is one, and sending again makes no second one."""
    key, before = str(uuid4()), bench.jobs()
    bench.target()
    bench.script(faults.LOST, "submit")
    _raises(ProviderUnclear, lambda: bench.submit(key))
    found = bench.provider.find(key)
    assert found is not None, "an accepted job cannot be found"
    assert found.key == key
    if Capability.IDEMPOTENT_SUBMIT in bench.provider.capabilities:
        assert bench.submit(key) == found.job_id
    assert bench.jobs() == before + 1, "a lost answer made a second job"


def check_server_error(bench: StageBench) -> None:
    """A 500 is no answer, and the SDK does not send again by itself."""
    key, before = str(uuid4()), bench.jobs()
    bench.target()
    sent = bench.requests("submit")
    bench.script(faults.BROKEN, "submit")
    _raises(ProviderUnclear, lambda: bench.submit(key))
    assert bench.requests("submit") == sent + 1, "it was sent more than once"
    assert bench.jobs() == before
    assert bench.provider.find(key) is None


def check_no_answer(bench: StageBench) -> None:
    program = bench.hasty.compile(bench.circuit, bench.target(), seed=1)
    bench.hasty.backends()
    bench.script(faults.HANG, "submit", seconds=HANG_SECONDS)
    send = partial(bench.hasty.submit, program, shots=SHOTS, seed=1, key=str(uuid4()))
    assert _raises(ProviderUnclear, send).kind == "timeout"


def check_nobody_there(bench: StageBench) -> None:
    """Without a connection nothing was sent: that is certain, so the job may go elsewhere."""
    send = partial(bench.nowhere.submit, bench.program(), shots=SHOTS, seed=1, key=str(uuid4()))
    assert _raises(ProviderRefused, send).kind == "timeout"
    _raises(ProviderError, bench.nowhere.backends)


def check_maintenance(bench: StageBench) -> None:
    bench.target()
    bench.script(faults.MAINTENANCE, "submit")
    problem = _raises(ProviderError, bench.submit)
    assert problem.kind == "backend_down", problem.kind


def check_short_pause(bench: StageBench) -> None:
    """Retry-After is waited for before the next request."""
    job_id = bench.submit()
    bench.script(faults.THROTTLED, "submit", seconds=SHORT)
    problem = _raises(ProviderRefused, bench.submit)
    assert problem.kind == "rate_limit"
    bench.naps.clear()
    bench.look(job_id)
    assert sum(bench.naps) >= SHORT, f"slept {bench.naps} of {SHORT} seconds"


def check_long_pause(bench: StageBench) -> None:
    """Where the vendor wants an hour, nothing is sent meanwhile, and that is certain."""
    job_id = bench.submit()
    bench.script(faults.THROTTLED, "poll", seconds=LONG)
    _raises(ProviderError, lambda: bench.look(job_id))
    asked = bench.cloud.requests.copy()
    for call in (bench.submit, lambda: bench.look(job_id)):
        assert _raises(ProviderError, call).kind == "rate_limit"
    assert bench.cloud.requests == asked, "it asked in spite of Retry-After"


def check_stale_polls(bench: StageBench) -> None:
    """An old answer is passed on as what it says, and does no harm: nothing ends by it."""
    job_id = bench.submit()
    bench.work()
    bench.script(faults.STALE, "poll", skip=1)
    told = [bench.look(job_id).state for _ in range(3)]
    assert told[0] == told[2] == RemoteState.COMPLETED
    assert not told[1].final
    assert bench.provider.result(job_id).shots_done == SHOTS


def check_partial_result(bench: StageBench) -> None:
    if Capability.PARTIAL_RESULTS not in bench.provider.capabilities:
        return
    job_id = bench.taken(faults.PARTIAL)
    bench.work()
    found, usage = bench.provider.result(job_id), bench.provider.usage(job_id)
    assert bench.look(job_id).state == RemoteState.COMPLETED
    assert found.partial
    assert 0 < found.shots_done == sum(found.counts.values()) < found.shots_asked == SHOTS
    assert usage is not None
    assert usage.shots == found.shots_done


def check_failed_job(bench: StageBench) -> None:
    """A failure is final, says why in a sentence, and has no result."""
    job_id = bench.taken(faults.FAILS, code=bench.code)
    bench.work()
    told = bench.look(job_id)
    assert told.state == RemoteState.FAILED
    assert told.error_kind
    assert told.error
    assert told.error.endswith(".")
    _raises(ProviderError, lambda: bench.provider.result(job_id))
    usage = bench.provider.usage(job_id)
    assert usage is not None
    assert usage.final


def check_late_cancel(bench: StageBench) -> None:
    """What cannot be stopped is said to be too late, completes, and is billed."""
    job_id = bench.taken(faults.LATE_CANCEL)
    assert bench.provider.cancel(job_id) == CancelOutcome.TOO_LATE
    bench.work()
    assert bench.look(job_id).state == RemoteState.COMPLETED
    usage = bench.provider.usage(job_id)
    assert usage is not None
    assert usage.tasks == 1


def check_taken_twice(bench: StageBench) -> None:
    """Where the vendor itself makes two of one request, the key leads to the one that it told us."""
    key = str(uuid4())
    bench.script(faults.DUPLICATE, "submit")
    job_id = bench.submit(key)
    found = bench.provider.find(key)
    assert found is not None
    assert found.job_id == job_id


def check_wrong_credential(bench: StageBench) -> None:
    """Refused with certainty, as a matter of credentials, which no message shows."""
    send = partial(bench.provider.submit, bench.program(), shots=SHOTS, seed=1, key=str(uuid4()))
    right = bench.cloud.credentials[bench.vendor]
    bench.cloud.credentials[bench.vendor] = "another"
    try:
        problem = _raises(ProviderRefused, send)
    finally:
        bench.cloud.credentials[bench.vendor] = right
    assert problem.kind == "auth", problem.kind
    assert not any(secret in str(problem) for secret in bench.secrets)


def _raises[E: ProviderError](kind: type[E], call: Callable[[], object]) -> E:
    """The error that the call has to raise, of this kind, with a sentence for people."""
    try:
        call()
    except kind as problem:
        found = problem
    else:
        raise AssertionError(f"no {kind.__name__}")
    assert str(found).endswith("."), found
    assert found.__cause__ is None, "a vendor's exception shows through"
    return found


REMOTE_CHECKS: tuple[Callable[[StageBench], None], ...] = (
    check_lost_answer,
    check_server_error,
    check_no_answer,
    check_nobody_there,
    check_maintenance,
    check_short_pause,
    check_long_pause,
    check_stale_polls,
    check_partial_result,
    check_failed_job,
    check_late_cancel,
    check_taken_twice,
    check_wrong_credential,
)
