"""What a run was computed from, in one file: enough to compute it again without this installation's database."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.artifacts.services import fetch
from hybridops.backends.services import snapshot
from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain.errors import BadInput
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.trust.canonical import canonical, digest, read

SCHEMA = "hybridops.inputs/1"
BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Inputs:
    """`told` is the document of a run, `artifacts` the bytes it names, by digest."""

    told: Mapping[str, Any]
    artifacts: Mapping[str, bytes]

    def artifact(self, name: str) -> bytes:
        """Raises BadInput where the file lacks it."""
        if name not in self.artifacts:
            raise BadInput(f"Artifact {name[:16]} is not in the file. Export the run again.")
        return self.artifacts[name]


def export_inputs(run: Run) -> bytes:
    """A zip of the plan, the data, what each stage found, and each submission with its result."""
    told = _told(run)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("run.json", canonical(told))
        for name in sorted(set(_named(told))):
            file.writestr(f"artifacts/{name}", fetch(name))
    return made.getvalue()


def read_inputs(data: bytes) -> Inputs:
    """Raises BadInput for what is no such file, too large, or altered."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            if sum(item.file_size for item in file.infolist()) > BYTES_MAX:
                raise BadInput(f"A run's inputs unpack to at most {BYTES_MAX // 1024 // 1024} MB.")
            found = {item.filename: file.read(item) for item in file.infolist()}
        told = read(found.pop("run.json"))
    except (zipfile.BadZipFile, KeyError, RuntimeError) as problem:
        raise BadInput("This is not a file of `hybridops inputs`.") from problem
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise BadInput(f"This is not {SCHEMA}.")
    artifacts = {name.removeprefix("artifacts/"): body for name, body in found.items()}
    if altered := [name for name, body in artifacts.items() if digest(body) != name]:
        raise BadInput(f"Artifact {altered[0][:16]} was altered.")
    return Inputs(told, artifacts)


def _told(run: Run) -> dict[str, Any]:
    definition = workflow_by_digest(run.plan["definition"])
    return {
        "schema": SCHEMA,
        "run": run.pk,
        "plan": run.plan,
        "parameters": dict(run.parameters),
        "implementation": definition.implementation,
        "stages": [_stage(stage) for stage in run.stages.order_by("id")],
        "backends": {name: snapshot(name) for name in sorted(set(_snapshots(run)))},
        "submissions": [_submission(row) for row in run.submissions.order_by("ordinal")],
    }


def _snapshots(run: Run) -> Iterator[str]:
    for stage in run.stages.all():
        yield from (body["snapshot"] for body in stage.summary.get("programs", ()))


def _stage(stage: Stage) -> dict[str, Any]:
    summary = json.loads(json.dumps(stage.summary))
    return {
        "key": stage.key,
        "spec": stage.spec,
        "state": stage.state,
        "device": stage.device,
        "summary": summary,
    }


def _submission(row: Submission) -> dict[str, Any]:
    names = ("ordinal", "provider", "backend", "snapshot", "program", "bindings", "shots", "seed", "result")
    return {name: getattr(row, name) for name in names}


def _named(told: Mapping[str, Any]) -> Iterator[str]:
    yield told["plan"]["data"]
    for stage in told["stages"]:
        yield from stage["summary"].get("artifacts", {}).values()
        yield from (body["digest"] for body in stage["summary"].get("programs", ()))
    yield from (row["result"] for row in told["submissions"] if row["result"])
