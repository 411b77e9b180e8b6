"""D-Wave's QPUs in Leap, through the REST client of dwave-cloud-client: quadratic costs of bits, no circuits.

A program's text is the canonical JSON of `embedding`: the cost and where its bits are on the QPU. SAPI knows no
idempotency key: the key is the problem's label, looked up where an answer was lost. What the answer's qubits mean
is kept in a folder before anything is sent. Bit i of a result is bit i of the cost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
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
from hybridops.providers import dwave_session, embedding, remote
from hybridops.providers import dwave_words as words
from hybridops.providers.remote import Pause
from hybridops.providers.secrets import TOKEN, Secret, Secrets
from hybridops.trust.canonical import canonical, digest

NAME = "D-Wave"
VARIABLES_MAX = 1000
FOUND_MAX = 10
LOOK_SECONDS = 60.0


class DWave:
    """Keeps `domain.ports.Provider` for backends of kind "annealer". Options:

    secrets, secret    where the API token is (`token`)
    folder             for working graphs and placements; all workers share it
    region             where the solvers are, for the rules on data
    backends           names to offer, by default every QPU
    endpoint, ca       another address and a file of certificates, for rehearsals and proxies
    timeout_seconds    for an answer; no call is repeated by the SDK
    """

    capabilities = frozenset({Capability.FIND_BY_KEY, Capability.CANCEL_QUEUED})
    consistency_seconds = 60.0

    def __init__(
        self,
        key: str = "dwave",
        *,
        secrets: Secrets,
        folder: Path | str,
        secret: str = "dwave",  # noqa: S107 - the name under which it is kept
        region: str = "na-west-1",
        backends: Sequence[str] = (),
        endpoint: str | None = None,
        ca: str | None = None,
        timeout_seconds: float = 30.0,
        pause: Pause | None = None,
    ) -> None:
        self.key, self._secrets, self._secret = key, secrets, secret
        self._folder, self._region, self._names = Path(folder), region, tuple(backends)
        self._client = partial(
            dwave_session.client, endpoint=endpoint, ca=ca, timeout_seconds=timeout_seconds
        )
        self._pause = pause or Pause(NAME)
        self._made: tuple[Secret, tuple[Any, Any]] | None = None
        self._listed: dict[str, Backend] = {}
        self._looked = 0.0

    def backends(self) -> Sequence[Backend]:
        """A solver's description is megabytes, so it is asked for once a minute at most."""
        if self._listed and time.monotonic() - self._looked < LOOK_SECONDS:
            return list(self._listed.values())
        found: dict[str, Backend] = {}
        with self._asking() as (solvers, _):
            for told in (one.root.model_dump(exclude_none=True) for one in solvers.list_solvers()):
                if words.offered(told) and (not self._names or told["identity"]["name"] in self._names):
                    seen = words.backend_of(told, provider=self.key, region=self._region)
                    self._keep(f"graph-{seen.calibration['graph']}", told)
                    found[seen.name] = seen
        self._listed, self._looked = found, time.monotonic()
        return list(found.values())

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        """Places the cost on the graph that `backend` recorded. Raises BadInput for a circuit, or no room."""
        solver = self._graph(backend)
        cost = embedding.parse(circuit, variables_max=min(VARIABLES_MAX, backend.qubits))
        properties = solver["properties"]
        placed = embedding.place(cost, properties["qubits"], properties["couplers"], seed=seed)
        used = sum(map(len, placed.chains))
        text = placed.text()
        return Program(
            provider=self.key,
            backend=backend.name,
            text=text,
            digest=digest(text.encode()),
            template_digest=digest(canonical([list(pair) for pair in cost.pairs])),
            qubits=used,
            depth=embedding.depth(placed.chains),
            two_qubit_gates=len(cost.quadratic),
            one_qubit_gates=len(cost.linear),
            duration_seconds=dwave_session.seconds(solver, used),
            fidelity=None,
        )

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        with remote.before_sending():
            backend = self._target(program.backend)
            remote.checked(program, self.key, shots=shots, shots_max=backend.shots_max, key=key)
            solver, placed = self._graph(backend), embedding.read_placed(program.text)
            physical = placed.physical(solver["properties"]["couplers"])
            job = dwave_session.job(solver, *physical, reads=shots, label=key)
        body = {"text": program.text, "shots": shots, "backend": backend.name, "calibration": backend.digest}
        self._keep(f"sent-{digest(key.encode())}", body)
        with self._asking(submits=True) as (_, problems):
            (told,) = [one.model_dump() for one in problems.submit_problems([job])]
            if "error_code" in told:
                raise self._said(int(told["error_code"]), str(told["error_msg"]), submits=True)
            return str(told["id"])

    def find(self, key: str) -> RemoteJob | None:
        """The newest problem with the key as its label."""
        with self._asking() as (_, problems):
            told = [one.model_dump() for one in problems.list_problems(label=key, max_results=FOUND_MAX)]
            same = [one for one in told if one.get("label") == key]
            newest = max(same, key=lambda one: str(one["submitted_on"]), default=None)
            return None if newest is None else words.remote_job(newest)

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        told = [self._problem(job_id) for job_id in job_ids]
        with remote.reading(NAME):
            return [words.remote_job(one) for one in told if one is not None]

    def result(self, job_id: str) -> SampleSet:
        told = self._existing(job_id)
        if remote.state_of(words.STATES, told["status"]) is not RemoteState.COMPLETED:
            raise ProviderError(f"{job_id} is {told['status']} and has no result.", kind="not_ready")
        sent = self._sent(str(told.get("label") or ""))
        with remote.reading(NAME):
            counts, broken = words.counts_of(told["answer"], embedding.read_placed(sent["text"]))
            return SampleSet(
                counts=counts,
                shots_asked=int(sent["shots"]),
                shots_done=sum(counts.values()),
                backend=str(sent["backend"]),
                calibration_digest=str(sent["calibration"]),
                seconds=float(told["answer"]["timing"]["qpu_access_time"]) / 1e6,
                metadata={"job": job_id, "broken_chains": round(broken, 6)},
            )

    def cancel(self, job_id: str) -> CancelOutcome:
        """ACCEPTED where the problem is cancelled, or was still waiting: it is not charged. A running one may
        complete and be charged all the same, so that is TOO_LATE.
        """
        before = remote.state_of(words.STATES, self._existing(job_id)["status"])
        if before.final:
            return CancelOutcome.TOO_LATE
        try:
            with self._asking() as (_, problems):
                told = problems.cancel_problem(job_id).model_dump()
        except ProviderError as problem:
            if problem.kind == "conflict":
                return CancelOutcome.TOO_LATE
            raise
        if "error_code" in told:
            return CancelOutcome.TOO_LATE
        waiting = before is RemoteState.QUEUED or told["status"] == "CANCELLED"
        return CancelOutcome.ACCEPTED if waiting else CancelOutcome.TOO_LATE

    def usage(self, job_id: str) -> Usage | None:
        told = self._existing(job_id)
        with remote.reading(NAME):
            return words.usage_of(told)

    def _target(self, name: str) -> Backend:
        if name not in self._listed:
            self.backends()
        if name not in self._listed:
            raise ProviderRefused(f"{self.key} has no backend {name}.", kind="backend_down")
        return self._listed[name]

    def _problem(self, job_id: str) -> dict[str, Any] | None:
        try:
            with self._asking() as (_, problems):
                found: dict[str, Any] = problems.get_problem(job_id).model_dump()
        except ProviderError as problem:
            if problem.kind == "unknown_job":
                return None
            raise
        return found

    def _existing(self, job_id: str) -> dict[str, Any]:
        told = self._problem(job_id)
        if told is None:
            raise ProviderError(f"There is no problem {job_id}.", kind="unknown_job")
        return told

    def _keep(self, name: str, body: Mapping[str, Any]) -> None:
        """A file, whole or not at all."""
        file = self._folder / f"{name}.json"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = file.with_suffix(".new")
            new.write_text(json.dumps(body))
            new.replace(file)

    def _graph(self, backend: Backend) -> dict[str, Any]:
        try:
            text = (self._folder / f"graph-{backend.calibration['graph']}.json").read_text()
        except (KeyError, OSError):
            raise BadInput(
                f"The working graph of {backend.name} is not known here; look at it again."
            ) from None
        found: dict[str, Any] = json.loads(text)
        return found

    def _sent(self, key: str) -> dict[str, Any]:
        try:
            text = (self._folder / f"sent-{digest(key.encode())}.json").read_text()
        except OSError:
            raise ProviderError(
                "What this problem's qubits mean is not kept here; give all workers one folder.",
                kind="malformed",
            ) from None
        found: dict[str, Any] = json.loads(text)
        return found

    def _api(self) -> tuple[Any, Any]:
        """The client under the credential as it is now: a new one makes a new client."""
        secret = self._secrets.read(self._secret)
        if self._made is None or dict(self._made[0]) != dict(secret):
            self._made = (secret, self._client(secret[TOKEN]))
        return self._made[1]

    @contextmanager
    def _asking(self, *, submits: bool = False) -> Iterator[tuple[Any, Any]]:
        """The resources to ask, and their errors as ours. They are not chained: they carry requests with tokens."""
        self._pause.keep()
        try:
            with remote.reading(NAME, submits=submits):
                yield self._api()
        except dwave_session.errors() as problem:
            raise self._meant(problem, submits=submits) from None

    def _meant(self, problem: Any, *, submits: bool) -> ProviderError:
        name = type(problem).__name__
        if problem.response is None:
            if name not in words.ERRORS:
                return remote.unanswered(NAME, problem, submits=submits)
            text = f"{NAME} did not answer: {name}."
            return remote.problem_of(words.ERRORS[name], text, submits=submits)
        self._pause.note(remote.retry_after(problem.response.headers.get("Retry-After")))
        code = getattr(problem, "error_code", None) or problem.response.status_code
        return self._said(int(code), str(getattr(problem, "error_msg", "") or ""), submits=submits)

    def _said(self, code: int, message: str, *, submits: bool) -> ProviderError:
        secret = self._made[0].values() if self._made else ()
        text = remote.sentence(f"{NAME} says {code}: {message or 'no more'}", hide=secret)
        return remote.problem_of(words.meaning(code), text, submits=submits)
