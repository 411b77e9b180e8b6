"""Real compute, done once and kept by the digest of its inputs: what the demo's history is made from.

The wrappers keep the contracts of a workflow and a provider. Nothing is invented: what is played back was
computed here by the same code, for the same bytes. Told time goes by as long as the work took.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from hybridops.domain import clock
from hybridops.domain.errors import ProviderRefused
from hybridops.domain.ports import (
    Backend,
    CancelOutcome,
    Capability,
    Estimate,
    Program,
    Provider,
    RemoteJob,
    RemoteState,
    SampleSet,
    StepInput,
    StepOutput,
    Usage,
    Workflow,
)
from hybridops.trust.canonical import canonical, digest, digest_of

FATES = ("", "refused", "fails", "partial")


class Records:
    """A folder of answers by the digest of their question."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def answer(self, question: Any, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The kept answer, or the one that `ask` computes now, with the seconds it took as `took`."""
        path = self.folder / f"{digest_of(question)}.json"
        if path.exists():
            kept: dict[str, Any] = json.loads(path.read_text())
            return kept
        began = monotonic()
        found = {**ask(), "took": monotonic() - began}
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(found))
        fresh.replace(path)
        return found


class RecordedWorkflow:
    """A workflow whose steps are computed once for each input."""

    def __init__(self, inner: Workflow, records: Records, implementation: str) -> None:
        self.inner, self.records, self.implementation = inner, records, implementation
        self.name, self.accepts, self.quadratic = inner.name, inner.accepts, inner.quadratic
        self.steps: Mapping[str, Callable[[StepInput], StepOutput]] = {
            name: self._recorded(name, step) for name, step in inner.steps.items()
        }

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]:
        return self.inner.describe(data, filename)

    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate:
        return self.inner.estimate(problem, parameters)

    def _recorded(
        self, name: str, step: Callable[[StepInput], StepOutput]
    ) -> Callable[[StepInput], StepOutput]:
        def play(given: StepInput) -> StepOutput:
            results = {key: value for key, value in given.results.items() if "request" not in value}
            samples = [digest(canonical(asdict(item))) for item in given.samples]
            problem = digest(given.problem)
            bound: list[Any] = [list(map(dict, sets)) for sets in given.bindings if sets]
            bound += [] if given.submissions_left is None else [given.submissions_left]
            asked = [
                self.implementation,
                name,
                problem,
                dict(given.parameters),
                given.seed,
                results,
                samples,
                *bound,
            ]
            found = self.records.answer(asked, lambda: _written(step(given)))
            clock.advance(found["took"] + 0.2)
            return _read(found)

        return play


def _written(output: StepOutput) -> dict[str, Any]:
    artifacts = {name: base64.b64encode(data).decode() for name, data in output.artifacts.items()}
    return {
        "summary": output.summary,
        "artifacts": artifacts,
        "device": output.device,
        "peak": output.peak_bytes,
    }


def _read(found: Mapping[str, Any]) -> StepOutput:
    artifacts = {name: base64.b64decode(text) for name, text in found["artifacts"].items()}
    return StepOutput(found["summary"], artifacts, found["device"], found["peak"])


class RecordedProvider:
    """A provider whose compilations and samples are computed once; `fate` says how the next job ends."""

    def __init__(
        self, inner: Provider, records: Records, compute: Callable[[Mapping[str, Any]], dict[str, Any]]
    ) -> None:
        self.inner, self.records, self.compute = inner, records, compute
        self.key, self.consistency_seconds = inner.key, 0.0
        self.capabilities = inner.capabilities | {Capability.FIND_BY_KEY, Capability.IDEMPOTENT_SUBMIT}
        self.fate = ""
        self.jobs: dict[str, tuple[Program, int, int, str]] = {}
        self._seen = {backend.name: backend for backend in inner.backends()}

    def backends(self) -> Sequence[Backend]:
        return self.inner.backends()

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        asked = [digest(circuit.encode()), backend.digest, seed]
        found = self.records.answer(asked, lambda: asdict(self.inner.compile(circuit, backend, seed=seed)))
        clock.advance(found["took"])
        return Program(**{name: found[name] for name in Program.__slots__})

    def submit(self, program: Program, *, shots: int, seed: int, key: str) -> str:
        clock.advance(1.0)
        if self.fate == "refused":
            raise ProviderRefused(f"{program.backend} is closed for maintenance.", kind="backend_down")
        self.jobs.setdefault(key, (program, shots, seed, self.fate))
        return key

    def find(self, key: str) -> RemoteJob | None:
        return self._job(key) if key in self.jobs else None

    def poll(self, job_ids: Sequence[str]) -> Sequence[RemoteJob]:
        return [self._job(key) for key in job_ids if key in self.jobs]

    def _job(self, key: str) -> RemoteJob:
        fate = self.jobs[key][3]
        if fate == "cancelled":
            return RemoteJob(key, key, RemoteState.CANCELLED, "CANCELLED")
        if fate == "fails":
            why = "the control electronics lost their lock"
            return RemoteJob(key, key, RemoteState.FAILED, "FAILED", error_kind="provider_fault", error=why)
        return RemoteJob(key, key, RemoteState.COMPLETED, "COMPLETED")

    def result(self, job_id: str) -> SampleSet:
        program, shots, seed, fate = self.jobs[job_id]
        share = 0.6 if fate == "partial" else 1.0
        request = {"backend": program.backend, "text": program.text, "shots": shots, "seed": seed}
        request |= {"share": share, "method": "trajectories"}
        if program.bindings:
            request["bindings"] = [dict(values) for values in program.bindings]
        found = self.records.answer(request, lambda: self.compute(request))
        calibration = self._seen[program.backend].digest
        asked = shots * max(1, len(program.bindings))
        parts = found.get("parts", ())
        return SampleSet(
            found["counts"],
            asked,
            found["shots_done"],
            program.backend,
            calibration,
            found["seconds"],
            {},
            parts,
        )

    def cancel(self, job_id: str) -> CancelOutcome:
        program, shots, seed, _ = self.jobs[job_id]
        self.jobs[job_id] = (program, shots, seed, "cancelled")
        return CancelOutcome.ACCEPTED

    def usage(self, job_id: str) -> Usage | None:
        program, shots, _, fate = self.jobs[job_id]
        if fate in ("cancelled", "fails"):
            return Usage(0, 0, 0.0, final=True)
        tasks = max(1, len(program.bindings))
        done = (round(shots * 0.6) if fate == "partial" else shots) * tasks
        each = self._seen[program.backend].rep_delay_seconds + program.duration_seconds
        return Usage(tasks, done, done * each, final=True)
