"""Amazon Braket, through boto3. A key is the task's clientToken and a tag, so sending twice makes one task.

Programs go as OpenQASM 3 in Braket's own gate names; the device compiles them on its side, so there is no
expected success and no time of a shot: tasks are billed by task and shot. Bit i is qubit i of what is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
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
from hybridops.providers import braket_words as words
from hybridops.providers import qasm, remote
from hybridops.providers.compiling import described
from hybridops.providers.remote import Pause
from hybridops.providers.secrets import Secret, Secrets

NAME = "Amazon Braket"


class Braket:
    """Keeps `domain.ports.Provider`. Options:

    secrets, secret       where the credential is: access_key_id, secret_access_key, perhaps session_token
    region                whose devices and simulators are offered; one adapter a region
    bucket, prefix        where Braket puts results (the credential must be able to read there)
    devices               ARNs to offer, by default every one of the region that takes OpenQASM
    endpoint, s3_endpoint, ca   other addresses and a file of certificates, for rehearsals and proxies
    timeout_seconds       for an answer; no call is repeated by the SDK
    look_back_days        how far back `find` looks
    """

    capabilities = frozenset(
        {
            Capability.IDEMPOTENT_SUBMIT,
            Capability.FIND_BY_KEY,
            Capability.CANCEL_QUEUED,
            Capability.PARTIAL_RESULTS,
        }
    )
    consistency_seconds = 60.0

    def __init__(
        self,
        key: str = "braket",
        *,
        secrets: Secrets,
        region: str,
        bucket: str,
        secret: str = "braket",  # noqa: S107 - the name under which it is kept
        prefix: str = "hybridops",
        devices: Sequence[str] = (),
        endpoint: str | None = None,
        s3_endpoint: str | None = None,
        ca: str | None = None,
        timeout_seconds: float = 30.0,
        look_back_days: float = 7.0,
        pause: Pause | None = None,
    ) -> None:
        self.key, self._secrets, self._secret = key, secrets, secret
        self._region, self._bucket, self._prefix, self._devices = region, bucket, prefix, tuple(devices)
        self._endpoints = {"braket": endpoint, "s3": s3_endpoint}
        self._ca, self._timeout, self._look_back = ca, timeout_seconds, timedelta(days=look_back_days)
        self._pause = pause or Pause(NAME)
        self._clients: tuple[Secret, dict[str, Any]] | None = None
        self._listed: dict[str, tuple[str, Backend]] = {}

    def backends(self) -> Sequence[Backend]:
        """The region's devices that take OpenQASM and are not retired."""
        found: dict[str, tuple[str, Backend]] = {}
        for arn in self._devices or self._searched():
            with self._asking():
                told = self._client("braket").get_device(deviceArn=arn)
            if told["deviceStatus"] != "RETIRED" and words.PROGRAM in words.capabilities(told).get(
                "action", {}
            ):
                seen = words.backend_of(told, provider=self.key, region=self._region)
                found[seen.name] = (arn, seen)
        self._listed = found
        return [seen for _, seen in found.values()]

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        """Raises BadInput for what is not a straight-line circuit or does not fit. Asks nobody."""
        read = qasm.parse(circuit, qubits_max=backend.qubits).straight()
        return described(read, words.written(read), self.key, backend.name, 0.0, None)

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        with remote.before_sending():
            arn, backend = self._target(program.backend)
            remote.checked(program, self.key, shots=shots, shots_max=backend.shots_max, key=key)
        action = {
            "braketSchemaHeader": {"name": words.PROGRAM, "version": "1"},
            "source": program.text,
            "inputs": {},
        }
        try:
            with self._asking(submits=True):
                told = self._client("braket").create_quantum_task(
                    clientToken=key,
                    deviceArn=arn,
                    shots=shots,
                    outputS3Bucket=self._bucket,
                    outputS3KeyPrefix=self._prefix,
                    action=json.dumps(action),
                    tags={words.KEY_TAG: key, words.CALIBRATION_TAG: backend.digest},
                )
                return str(told["quantumTaskArn"])
        except ProviderRefused as problem:
            return self._taken_before(key, problem)

    def find(self, key: str) -> RemoteJob | None:
        """The task whose tag is this key, among those of the last days."""
        since = (datetime.now(UTC) - self._look_back).isoformat()
        asked: dict[str, Any] = {"filters": [{"name": "createdAt", "operator": "GTE", "values": [since]}]}
        while True:
            with self._asking():
                told = self._client("braket").search_quantum_tasks(**asked)
                for task in told["quantumTasks"]:
                    if task.get("tags", {}).get(words.KEY_TAG) == key:
                        return words.remote_job(task)
            if not told.get("nextToken"):
                return None
            asked["nextToken"] = told["nextToken"]

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        tasks = [self._task(job_id) for job_id in job_ids]
        with remote.reading(NAME):
            return [words.remote_job(task) for task in tasks if task is not None]

    def result(self, job_id: str) -> SampleSet:
        task = self._existing(job_id)
        if task["status"] != "COMPLETED":
            raise ProviderError(f"{job_id} is {task['status']} and has no result.", kind="not_ready")
        with self._asking():
            answer = self._client("s3").get_object(
                Bucket=task["outputS3Bucket"], Key=f"{task['outputS3Directory']}/results.json"
            )
            text = answer["Body"].read()
        counts = words.counts_of(text, int(task.get("numSuccessfulShots") or task["shots"]))
        return SampleSet(
            counts=counts,
            shots_asked=int(task["shots"]),
            shots_done=sum(counts.values()),
            backend=words.name_of(task["deviceArn"]),
            calibration_digest=task.get("tags", {}).get(words.CALIBRATION_TAG, ""),
            seconds=0.0,
            metadata={
                "task": job_id,
                "made": task["createdAt"].isoformat(),
                "ended": task["endedAt"].isoformat(),
            },
        )

    def cancel(self, job_id: str) -> CancelOutcome:
        """ACCEPTED where the task was still waiting: it will not run and is not billed. A running task is asked
        to end as well, but may complete and be billed, so that is TOO_LATE.
        """
        before = self._existing(job_id)["status"]
        if words.STATES.get(before, RemoteState.UNKNOWN).final:
            return CancelOutcome.TOO_LATE
        try:
            with self._asking():
                self._client("braket").cancel_quantum_task(quantumTaskArn=job_id)
        except ProviderError as problem:
            if problem.kind == "conflict":
                return CancelOutcome.TOO_LATE
            raise
        return CancelOutcome.ACCEPTED if before in ("CREATED", "QUEUED") else CancelOutcome.TOO_LATE

    def usage(self, job_id: str) -> Usage | None:
        """A completed task costs itself and its successful shots; failed and cancelled ones cost nothing."""
        task = self._existing(job_id)
        if not words.STATES.get(task["status"], RemoteState.UNKNOWN).final:
            return None
        if task["status"] != "COMPLETED":
            return Usage(tasks=0, shots=0, qpu_seconds=0.0, final=True)
        shots = int(task.get("numSuccessfulShots") or task["shots"])
        return Usage(tasks=1, shots=shots, qpu_seconds=0.0, final=True)

    def _searched(self) -> list[str]:
        asked: dict[str, Any] = {"filters": []}
        arns: list[str] = []
        while True:
            with self._asking():
                told = self._client("braket").search_devices(**asked)
                arns += [one["deviceArn"] for one in told["devices"] if one["deviceStatus"] != "RETIRED"]
            if not told.get("nextToken"):
                return arns
            asked["nextToken"] = told["nextToken"]

    def _target(self, name: str) -> tuple[str, Backend]:
        if name not in self._listed:
            self.backends()
        if name not in self._listed:
            raise ProviderRefused(f"{self.key} has no device {name}.", kind="backend_down")
        return self._listed[name]

    def _taken_before(self, key: str, problem: ProviderRefused) -> str:
        """A token that was used for another body is refused as invalid: then the task is there already."""
        found = self.find(key) if problem.kind in ("invalid_program", "conflict") else None
        if found is None:
            raise problem
        return found.job_id

    def _task(self, job_id: str) -> dict[str, Any] | None:
        if not job_id.startswith("arn:aws"):
            return None
        try:
            with self._asking():
                found: dict[str, Any] = self._client("braket").get_quantum_task(quantumTaskArn=job_id)
        except ProviderError as problem:
            if problem.kind == "unknown_job":
                return None
            raise
        return found

    def _existing(self, job_id: str) -> dict[str, Any]:
        task = self._task(job_id)
        if task is None:
            raise ProviderError(f"There is no task {job_id}.", kind="unknown_job")
        return task

    def _client(self, service: str) -> Any:
        """A client under the credential as it is now: a new one makes new clients."""
        secret = self._secrets.read(self._secret)
        if self._clients is None or dict(self._clients[0]) != dict(secret):
            self._clients = (secret, {})
        made = self._clients[1]
        if service not in made:
            made[service] = self._made(service, secret)
        return made[service]

    def _made(self, service: str, secret: Secret) -> Any:
        from botocore.config import Config

        return _session().client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoints[service],
            verify=self._ca,
            aws_access_key_id=secret["access_key_id"],
            aws_secret_access_key=secret["secret_access_key"],
            aws_session_token=secret.optional("session_token"),
            config=Config(
                connect_timeout=self._timeout,
                read_timeout=self._timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": "path"},
            ),
        )

    @contextmanager
    def _asking(self, *, submits: bool = False) -> Iterator[None]:
        """The SDK's errors as ours. They are not chained: they carry requests, and those carry credentials."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        self._pause.keep()
        try:
            with remote.reading(NAME, submits=submits):
                yield
        except ClientError as problem:
            raise self._meant(problem.response, submits=submits) from None
        except ParamValidationError as problem:
            text = remote.sentence(f"The request cannot be sent: {problem}")
            raise remote.problem_of(words.ERRORS["ValidationException"], text, submits=submits) from None
        except BotoCoreError as problem:
            raise remote.unanswered(NAME, problem, submits=submits) from None

    def _meant(self, answer: Mapping[str, Any], *, submits: bool) -> ProviderError:
        error, http = answer.get("Error", {}), answer.get("ResponseMetadata", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        self._pause.note(remote.retry_after(http.get("HTTPHeaders", {}).get("retry-after")))
        meaning = words.ERRORS.get(code, remote.UNKNOWN)
        if code == "ValidationException" and words.SPENDING in message.lower():
            meaning = words.ERRORS["ServiceQuotaExceededException"]
        secret = self._clients[0].values() if self._clients else ()
        return remote.problem_of(meaning, remote.sentence(f"{code}: {message}", hide=secret), submits=submits)


@cache
def _session() -> Any:
    """One for the process: it has read the SDK's models, and holds no credential."""
    import boto3

    return boto3.session.Session()
