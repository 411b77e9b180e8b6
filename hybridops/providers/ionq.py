"""IonQ's own cloud, API v0.4, by plain HTTP. Programs go as OpenQASM 3, and IonQ compiles them on its side.

IonQ knows no idempotency key and lists no jobs by metadata: the key is in the metadata, and a look-up reads the
newest jobs. Bit i is qubit i of what is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from hybridops.domain.errors import ProviderError, ProviderRefused
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
from hybridops.providers import ionq_words as words
from hybridops.providers import qasm, remote
from hybridops.providers.remote import Pause
from hybridops.providers.secrets import TOKEN, Secret, Secrets

NAME = "IonQ"
URL = "https://api.ionq.co/v0.4"
PAGE = 100


class IonQ:
    """Keeps `domain.ports.Provider`. Options:

    secrets, secret    where the API key is (`token`)
    region             where IonQ keeps and runs the data, for the rules on that
    backends           names to offer, by default every one that is not retired
    endpoint, ca       another address and a file of certificates, for rehearsals and proxies
    timeout_seconds    for an answer; no call is repeated
    look_back_days     how far back `find` looks
    """

    capabilities = frozenset({Capability.FIND_BY_KEY, Capability.CANCEL_QUEUED})
    consistency_seconds = 60.0

    def __init__(
        self,
        key: str = "ionq",
        *,
        secrets: Secrets,
        secret: str = "ionq",  # noqa: S107 - the name under which it is kept
        region: str = "us",
        backends: Sequence[str] = (),
        endpoint: str = URL,
        ca: str | None = None,
        timeout_seconds: float = 30.0,
        look_back_days: float = 7.0,
        pause: Pause | None = None,
    ) -> None:
        self.key, self._secrets, self._secret = key, secrets, secret
        self._region, self._names, self._endpoint = region, tuple(backends), endpoint
        self._ca, self._timeout, self._look_back = ca, timeout_seconds, timedelta(days=look_back_days)
        self._pause = pause or Pause(NAME)
        self._made: tuple[Secret, Any] | None = None
        self._listed: dict[str, Backend] = {}
        self._pages: dict[str, dict[str, Any]] = {}  # characterizations by their id; one never changes

    def backends(self) -> Sequence[Backend]:
        found: dict[str, Backend] = {}
        with self._asking() as ask:
            for told in ask("GET", "/backends"):
                if told["status"] == "retired" or (self._names and told["backend"] not in self._names):
                    continue
                page = None
                if number := told.get("characterization_id"):
                    if number not in self._pages:
                        self._pages[number] = ask(
                            "GET", f"/backends/{told['backend']}/characterizations/{number}"
                        )
                    page = self._pages[number]
                seen = words.backend_of(told, page, provider=self.key, region=self._region)
                found[seen.name] = seen
        self._listed = found
        return list(found.values())

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        """Raises BadInput for what is not a straight-line circuit or does not fit. Asks nobody."""
        from hybridops.providers.compiling import described

        read = words.without_rzz(qasm.parse(circuit, qubits_max=backend.qubits).straight())
        seconds, fidelity = words.expected(read, backend.calibration)
        text = qasm.write(read, hardware=False)
        return described(read, text, self.key, backend.name, seconds, fidelity)

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        with remote.before_sending():
            backend = self._target(program.backend)
            remote.checked(program, self.key, shots=shots, shots_max=backend.shots_max, key=key)
            bits = len(qasm.parse(program.text).measured)
        body = {
            "type": "ionq.qasm3.v1",
            "backend": program.backend,
            "shots": shots,
            "name": f"hybridops {key}",
            "metadata": {words.KEY: key, words.CALIBRATION: backend.digest, words.BITS: str(bits)},
            "input": {"data": program.text},
        }
        with self._asking(submits=True) as ask:
            return str(ask("POST", "/jobs", json=body)["id"])

    def find(self, key: str) -> RemoteJob | None:
        """The newest job with this key in its metadata, among those of the last days."""
        since, asked = datetime.now(UTC) - self._look_back, {"limit": str(PAGE)}
        while True:
            with self._asking() as ask:
                told = ask("GET", "/jobs", params=asked)
                for job in told["jobs"]:
                    if words.metadata(job).get(words.KEY) == key:
                        return words.remote_job(job)
                    if datetime.fromisoformat(job["submitted_at"]) < since:
                        return None
                if not told.get("next"):
                    return None
                asked["next"] = str(told["next"])

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        jobs = [self._job(job_id) for job_id in job_ids]
        with remote.reading(NAME):
            return [words.remote_job(job) for job in jobs if job is not None]

    def result(self, job_id: str) -> SampleSet:
        """A QPU's shares in whole shots. The exact simulator only tells chances: shots are drawn from them."""
        job = self._existing(job_id)
        if remote.state_of(words.STATES, job["status"]) is not RemoteState.COMPLETED:
            raise ProviderError(f"{job_id} is {job['status']} and has no result.", kind="not_ready")
        with self._asking() as ask:
            given = words.metadata(job)
            shares = words.shares_of(
                ask("GET", f"/jobs/{job_id}/results/probabilities"), int(given[words.BITS])
            )
            shots, exact = int(job["shots"]), job["backend"] == words.SIMULATOR
            counts = remote.drawn(shares, shots, job_id) if exact else dict(remote.whole(shares, shots))
            return SampleSet(
                counts=dict(sorted(counts.items())),
                shots_asked=shots,
                shots_done=sum(counts.values()),
                backend=str(job["backend"]),
                calibration_digest=given.get(words.CALIBRATION, ""),
                seconds=float(job.get("execution_duration_ms") or 0.0) / 1000,
                metadata={"job": job_id, "shots": "drawn from exact chances" if exact else "from the QPU"},
            )

    def cancel(self, job_id: str) -> CancelOutcome:
        """ACCEPTED where the job was still waiting: its credit is released. A started job is asked to end as well,
        but may complete and be charged, so that is TOO_LATE.
        """
        before = remote.state_of(words.STATES, self._existing(job_id)["status"])
        if before.final:
            return CancelOutcome.TOO_LATE
        try:
            with self._asking() as ask:
                ask("PUT", f"/jobs/{job_id}/status/cancel")
        except ProviderError as problem:
            if problem.kind in ("conflict", "invalid_program"):
                return CancelOutcome.TOO_LATE
            raise
        waiting = before in (RemoteState.ACCEPTED, RemoteState.QUEUED)
        return CancelOutcome.ACCEPTED if waiting else CancelOutcome.TOO_LATE

    def usage(self, job_id: str) -> Usage | None:
        job = self._existing(job_id)
        with remote.reading(NAME):
            return words.usage_of(job)

    def _target(self, name: str) -> Backend:
        if name not in self._listed:
            self.backends()
        if name not in self._listed:
            raise ProviderRefused(f"{self.key} has no backend {name}.", kind="backend_down")
        return self._listed[name]

    def _job(self, job_id: str) -> dict[str, Any] | None:
        try:
            with self._asking() as ask:
                found: dict[str, Any] = ask("GET", f"/jobs/{job_id}")
        except ProviderError as problem:
            if problem.kind == "unknown_job":
                return None
            raise
        return found

    def _existing(self, job_id: str) -> dict[str, Any]:
        job = self._job(job_id)
        if job is None:
            raise ProviderError(f"There is no job {job_id}.", kind="unknown_job")
        return job

    def _client(self) -> Any:
        """The HTTP client under the credential as it is now: a new one makes a new client."""
        import httpx

        secret = self._secrets.read(self._secret)
        if self._made is None or dict(self._made[0]) != dict(secret):
            headers = {"Authorization": f"apiKey {secret[TOKEN]}"}
            verify = httpx.create_ssl_context(self._ca) if self._ca else True
            made = httpx.Client(
                base_url=self._endpoint, headers=headers, timeout=self._timeout, verify=verify
            )
            self._made = (secret, made)
        return self._made[1]

    @contextmanager
    def _asking(self, *, submits: bool = False) -> Iterator[Any]:
        """A function that asks and gives the answer's JSON; errors as ours, not chained: they carry requests."""
        import httpx

        def ask(method: str, path: str, **more: Any) -> Any:
            answer = self._client().request(method, path, **more)
            if answer.status_code >= 400:
                raise self._meant(answer, submits=submits)
            return answer.json()

        self._pause.keep()
        try:
            with remote.reading(NAME, submits=submits):
                yield ask
        except httpx.HTTPError as problem:
            raise remote.unanswered(NAME, problem, submits=submits) from None

    def _meant(self, answer: Any, *, submits: bool) -> ProviderError:
        self._pause.note(remote.retry_after(answer.headers.get("Retry-After")))
        try:
            told = str(answer.json().get("message") or "")
        except (AttributeError, ValueError):
            told = ""
        secret = self._made[0].values() if self._made else ()
        text = remote.sentence(f"{NAME} says {answer.status_code}: {told or 'no more'}", hide=secret)
        return remote.problem_of(words.meaning(answer.status_code), text, submits=submits)
