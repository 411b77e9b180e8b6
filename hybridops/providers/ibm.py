"""IBM Quantum in job mode, through the REST client of qiskit-ibm-runtime.

The sampler gets the program's own text, so what was approved is what is sent, to the byte; of a template it gets one
text for each set of values, bound here. IBM knows no idempotency key: the key is a tag, looked up where an answer was
lost, and nothing is ever sent again by itself.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from hybridops.domain.errors import BadInput, ProviderError, ProviderRefused
from hybridops.domain.ports import (
    Backend,
    CancelOutcome,
    Capability,
    Program,
    RemoteJob,
    RemoteState,
    SampleSet,
    Usage,
)
from hybridops.providers import devices, ibm_session, qasm, remote
from hybridops.providers import ibm_words as words
from hybridops.providers.remote import Pause
from hybridops.providers.secrets import TOKEN, Secret, Secrets

NAME = "IBM Quantum"
FOUND_MAX = 10
BINDINGS_MAX = 1_000
PAGES_SECONDS = 300.0


class IBM:
    """Keeps `domain.ports.Provider`. Options:

    secrets, secret     where the API key is (`token`)
    instance            the CRN of the service instance that pays
    region              "us-east" or "eu-de", as the CRN has it
    backends            names to offer, by default every one with CZ, SX, X and RZ
    execution_seconds   after which IBM ends a job
    folder              where layouts of circuits are kept
    endpoint, iam, ca   other addresses and a file of certificates, for rehearsals and proxies
    timeout_seconds     for an answer; no call is repeated by the SDK
    """

    capabilities = frozenset(
        {
            Capability.FIND_BY_KEY,
            Capability.CANCEL_QUEUED,
            Capability.CANCEL_RUNNING,
            Capability.LATE_BILL,
            Capability.BINDINGS,
        }
    )
    consistency_seconds = 60.0

    def __init__(
        self,
        key: str = "ibm",
        *,
        secrets: Secrets,
        instance: str,
        folder: Path | str | None = None,
        secret: str = "ibm",  # noqa: S107 - the name under which it is kept
        region: str = "us-east",
        backends: Sequence[str] = (),
        execution_seconds: int = 600,
        endpoint: str | None = None,
        iam: str = ibm_session.IAM,
        ca: str | None = None,
        timeout_seconds: float = 30.0,
        pause: Pause | None = None,
    ) -> None:
        self.key, self._secrets, self._secret = key, secrets, secret
        self._region, self._names = region, tuple(backends)
        self._execution_seconds = execution_seconds
        self._kept = None if folder is None else Path(folder) / "layouts"
        self._client = partial(
            ibm_session.client,
            instance=instance,
            endpoint=endpoint,
            iam=iam,
            ca=ca,
            timeout_seconds=timeout_seconds,
        )
        self._pause = pause or Pause(NAME)
        self._made: tuple[Secret, Any] | None = None
        self._listed: dict[str, Backend] = {}
        self._pages: dict[str, tuple[float, tuple[dict[str, Any], dict[str, Any]]]] = {}

    def backends(self) -> Sequence[Backend]:
        found: dict[str, Backend] = {}
        with self._asking() as api:
            for told in api.backends()["devices"]:
                if self._names and told["name"] not in self._names:
                    continue
                pages = self._pages_of(api, told["name"])
                seen = words.backend_of(told, *pages, provider=self.key, region=self._region)
                if seen is not None:
                    found[seen.name] = seen
        self._listed = found
        return list(found.values())

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        """For the machine as `backend` recorded it: asks nobody. Raises BadInput for what does not fit."""
        from hybridops.providers.compiling import for_machine

        read = qasm.parse(circuit, qubits_max=backend.qubits)
        return for_machine(read, self.key, _machine(backend.name, _table(backend)), kept=self._kept)

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        with remote.before_sending():
            backend = self._target(program.backend)
            limits = {"shots_max": backend.shots_max, "bindings_max": BINDINGS_MAX}
            remote.checked(program, self.key, shots=shots, key=key, **limits)
            pubs = [[text, None, shots] for text in qasm.bound(program.text, program.bindings)]
        with self._asking(submits=True) as api:
            told = api.program_run(
                program_id="sampler",
                backend_name=program.backend,
                params={"pubs": pubs, "options": {}, "version": 2},
                job_tags=words.tags(key, backend.digest, bound=bool(program.bindings)),
                max_execution_time=self._execution_seconds,
            )
            return str(told["id"])

    def find(self, key: str) -> RemoteJob | None:
        """The newest job with the key's tag."""
        with self._asking() as api:
            found = api.jobs_get(limit=FOUND_MAX, job_tags=[words.key_tag(key)])["jobs"]
            return words.remote_job(found[0], key) if found else None

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        jobs = [self._job(job_id) for job_id in job_ids]
        with remote.reading(NAME):
            return [words.remote_job(job) for job in jobs if job is not None]

    def result(self, job_id: str) -> SampleSet:
        job = self._existing(job_id, whole=True)
        if words.state_of(job) is not RemoteState.COMPLETED:
            raise ProviderError(f"{job_id} is {job['state']['status']} and has no result.", kind="not_ready")
        with self._asking() as api:
            parts = words.counts_of(json.loads(api.program_job(job_id).results()))
            counts = sum(map(Counter, parts), Counter[str]())
            return SampleSet(
                counts=dict(sorted(counts.items())),
                shots_asked=_shots(job),
                shots_done=counts.total(),
                backend=str(job["backend"]),
                calibration_digest=words.calibration_of(job.get("tags") or ()),
                seconds=0.0,
                metadata={"job": job_id, "made": str(job.get("created", ""))},
                parts=parts if words.is_bound(job.get("tags") or ()) else (),
            )

    def cancel(self, job_id: str) -> CancelOutcome:
        """IBM also ends a running job, and charges the seconds until then: `usage` tells them."""
        if words.state_of(self._existing(job_id)).final:
            return CancelOutcome.TOO_LATE
        try:
            with self._asking() as api:
                api.program_job(job_id).cancel()
        except ProviderError as problem:
            if problem.kind == words.STATUSES[409].kind:
                return CancelOutcome.TOO_LATE
            raise
        return CancelOutcome.ACCEPTED

    def usage(self, job_id: str) -> Usage | None:
        job = self._existing(job_id, whole=True)
        if not words.state_of(job).final:
            return None
        with self._asking() as api:
            return words.usage_of(job, api.program_job(job_id).metadata(), _shots(job))

    def _pages_of(self, api: Any, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Configuration and properties, which are large and change a few times a day."""
        kept = self._pages.get(name)
        if kept is None or time.monotonic() - kept[0] > PAGES_SECONDS:
            page = api.backend(name)
            kept = (time.monotonic(), (page.configuration(), page.properties()))
            self._pages[name] = kept
        return kept[1]

    def _target(self, name: str) -> Backend:
        if name not in self._listed:
            self.backends()
        if name not in self._listed:
            raise ProviderRefused(f"{self.key} has no backend {name}.", kind="backend_down")
        return self._listed[name]

    def _job(self, job_id: str, *, whole: bool = False) -> dict[str, Any] | None:
        try:
            with self._asking() as api:
                found: dict[str, Any] = api.program_job(job_id).get(exclude_params=not whole)
        except ProviderError as problem:
            if problem.kind == "unknown_job":
                return None
            raise
        return found

    def _existing(self, job_id: str, *, whole: bool = False) -> dict[str, Any]:
        job = self._job(job_id, whole=whole)
        if job is None:
            raise ProviderError(f"There is no job {job_id}.", kind="unknown_job")
        return job

    def _api(self) -> Any:
        """The REST client under the credential as it is now: a new one makes a new session."""
        secret = self._secrets.read(self._secret)
        if self._made is None or dict(self._made[0]) != dict(secret):
            self._made = (secret, self._client(secret[TOKEN]))
        return self._made[1]

    @contextmanager
    def _asking(self, *, submits: bool = False) -> Iterator[Any]:
        """The client to ask, and its errors as ours. They are not chained: they carry requests with tokens."""
        self._pause.keep()
        try:
            with remote.reading(NAME, submits=submits):
                yield self._api()
        except ibm_session.errors() as problem:
            raise self._meant(problem, submits=submits) from None

    def _meant(self, problem: Exception, *, submits: bool) -> ProviderError:
        answer = ibm_session.answer_of(problem)
        if answer is None:
            return remote.unanswered(NAME, problem, submits=submits)
        self._pause.note(remote.retry_after(answer.headers.get("Retry-After")))
        secret = self._made[0].values() if self._made else ()
        if answer.status_code == 401:
            self._made = None  # a token that was withdrawn before its end
        code, message = words.told_by(answer.text)
        meaning = words.CODES.get(code) or words.STATUSES.get(
            answer.status_code, words.fault(answer.status_code)
        )
        text = remote.sentence(
            f"{NAME} says {code or answer.status_code}: {message or 'no more'}", hide=secret
        )
        return remote.problem_of(meaning, text, submits=submits)


def _shots(job: dict[str, Any]) -> int:
    """All that were asked for, over every circuit of the job."""
    return sum(int(shots) for _, _, shots in job["params"]["pubs"])


def _table(backend: Backend) -> str:
    try:
        return json.dumps(backend.calibration["machine"], sort_keys=True)
    except KeyError:
        raise BadInput(f"The record of {backend.name} has no calibration to compile for.") from None


@lru_cache(maxsize=8)
def _machine(name: str, table: str) -> devices.Device:
    return devices.from_table(name, json.loads(table))
