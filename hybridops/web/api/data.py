"""What runs are made of: signed workflows, data snapshots, backends as they were last seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from ninja import File, Form, Query, Router, Schema, Status, UploadedFile
from pydantic import Field

from hybridops.backends.services import known
from hybridops.definitions import reading
from hybridops.definitions.models import SignedDocument
from hybridops.definitions.queries import workflows
from hybridops.domain.errors import BadInput, NotYours
from hybridops.domain.ports import Backend
from hybridops.domain.workflow import Definition, Parameter
from hybridops.engine import intake
from hybridops.experiments.models import DataSnapshot
from hybridops.experiments.queries import snapshots_for
from hybridops.web.api.door import Asking, Token
from hybridops.web.api.once import once
from hybridops.web.api.runs import READS
from hybridops.web.api.shapes import NOS, WRITE_NOS, Asked, Id, Page, each, paged

router = Router(tags=["Data and backends"])
WRITES = Token("data:write")
NO_FILE: Any = File(None)  # type: ignore[type-arg]  # a function when it runs, a class to mypy


class ParameterOut(Schema):
    name: str
    kind: str
    label: str
    default: Any
    low: float | None
    high: float | None
    choices: list[str]


class WorkflowOut(Schema):
    """The newest version of a signed workflow; `why_not` says why it may not run, or is empty. `recommended`: people
    who review definitions promoted it.
    """

    name: str
    version: int
    digest: str
    state: str
    title: str
    summary: str
    why_not: str
    recommended: bool
    accepts: str
    builtins: list[str]
    parameters: list[ParameterOut]


class DecisionOut(Schema):
    """What a person decided about one version of a workflow, with the figures of that moment."""

    version: int
    verdict: str
    why: str
    person: str
    made_at: datetime
    figures: dict[str, Any]


class SnapshotOut(Schema):
    """Data as it was: `digest` is the SHA-256 of its bytes, `summary` what the parser said of them."""

    id: int
    name: str
    filename: str
    workflow: str
    digest: str
    data_class: str
    regions: list[str]
    project: int
    summary: dict[str, Any]
    added_at: datetime
    removed_at: datetime | None


class Listed(Schema):
    """What an upload is listed as. `builtin` takes installed data in place of a file."""

    project: int = Field(gt=0, lt=2**63)
    workflow: str = Field(max_length=50)
    name: str = Field("", max_length=120)
    data_class: str = Field("internal", max_length=20)
    regions: list[str] = []
    why: str = Field("", max_length=300)
    builtin: str = Field("", max_length=60)


class BackendOut(Schema):
    """A backend as a worker saw it last, at `observed_at`; `snapshot` is the digest of what was recorded."""

    provider: str
    name: str
    kind: str
    qubits: int
    shots_max: int
    region: str
    available: bool
    queue_length: int | None
    wait_seconds: float | None
    calibrated_at: datetime | None
    observed_at: datetime | None
    snapshot: str


@router.get("/workflows", response={200: list[WorkflowOut], **NOS}, auth=READS)
def listed_workflows(request: Asking) -> list[WorkflowOut]:
    promoted = reading.recommended()
    return [_workflow(row, definition, why, promoted) for row, definition, why in workflows()]


@router.get("/workflows/{name}", response={200: WorkflowOut, **NOS}, auth=READS)
def workflow(request: Asking, name: str) -> WorkflowOut:
    found = next((one for one in workflows() if one[0].name == name), None)
    if found is None:
        raise NotYours("There is no such workflow.")
    return _workflow(*found, reading.recommended())


@router.get("/workflows/{name}/decisions", response={200: list[DecisionOut], **NOS}, auth=READS)
def workflow_decisions(request: Asking, name: str) -> list[DecisionOut]:
    """Promoted, kept or retired, on every version, the newest first."""
    if not any(row.name == name for row, _, _ in workflows()):
        raise NotYours("There is no such workflow.")
    return [
        DecisionOut(
            version=one.document.version, verdict=one.verdict, why=one.why, person=str(one.person),
            made_at=one.made_at, figures=one.numbers,
        )
        for one in reading.notes_of(name)
    ]  # fmt: skip


def _workflow(
    row: SignedDocument, definition: Definition | None, why_not: str, promoted: set[int]
) -> WorkflowOut:
    return WorkflowOut(
        name=row.name,
        version=row.version,
        digest=row.digest,
        state=row.state,
        title=definition.title if definition else row.name,
        summary=definition.summary if definition else "",
        why_not=why_not,
        recommended=row.pk in promoted,
        accepts=intake.accepts(row.name) if definition else "",
        builtins=[one.key for one in intake.builtin_snapshots(row.name)] if definition else [],
        parameters=[_parameter(one) for one in definition.parameters] if definition else [],
    )


def _parameter(one: Parameter) -> ParameterOut:
    names = ("name", "kind", "label", "default", "low", "high")
    return ParameterOut(
        **{name: getattr(one, name) for name in names}, choices=list(map(str, one.choices or ()))
    )


@router.get("/snapshots", response={200: Page[SnapshotOut], **NOS}, auth=READS)
def snapshots(request: Asking, asked: Query[Asked]) -> dict[str, Any]:
    """The data of the teams that this token sees, newest first."""
    return paged(snapshots_for(request.auth), asked, each(_snapshot))


@router.get("/snapshots/{snapshot_id}", response={200: SnapshotOut, **NOS}, auth=READS)
def snapshot(request: Asking, snapshot_id: Id) -> SnapshotOut:
    found = snapshots_for(request.auth).filter(pk=snapshot_id).first()
    if found is None:
        raise NotYours("There is no such data.")
    return _snapshot(found)


@router.post("/snapshots", response={201: SnapshotOut, **WRITE_NOS}, auth=WRITES)
def add_snapshot(
    request: Asking, told: Form[Listed], upload: UploadedFile | None = NO_FILE
) -> Status[object]:
    """Lists a file or installed data; what is wrong with a file is said with its line and column."""
    user = request.auth
    content = b"" if upload is None else upload.read(intake.UPLOAD_BYTES_MAX + 1)

    def work() -> SnapshotOut:
        if told.builtin:
            project, name = told.project, told.workflow
            made = intake.add_builtin(user=user, project_id=project, workflow_name=name, key=told.builtin)
            return _snapshot(made)
        if upload is None:
            raise BadInput("Send a file as `upload`, or the name of installed data.", field="upload")
        made = intake.add_snapshot(
            user=user,
            project_id=told.project,
            workflow_name=told.workflow,
            name=told.name,
            filename=upload.name or "",
            data=content,
            data_class=told.data_class,
            regions=told.regions,
            why=told.why,
        )
        return _snapshot(made)

    sent = told.model_dump_json().encode() + content
    return once(request, user, work, HTTPStatus.CREATED, body=sent)


def _snapshot(row: DataSnapshot) -> SnapshotOut:
    names = ("name", "filename", "workflow", "digest", "data_class", "added_at", "removed_at")
    values: Mapping[str, Any] = {name: getattr(row, name) for name in names}
    return SnapshotOut(
        id=row.pk, project=row.project_id, regions=list(row.regions), summary=dict(row.summary), **values
    )


@router.get("/backends", response={200: list[BackendOut], **NOS}, auth=READS)
def backends(request: Asking) -> list[BackendOut]:
    """Every backend that workers have seen. Nothing is asked of a vendor by this."""
    return [_backend(one) for one in known()]


def _backend(one: Backend) -> BackendOut:
    names = ("provider", "name", "kind", "qubits", "shots_max", "region", "available", "queue_length")
    more = ("wait_seconds", "calibrated_at", "observed_at")
    return BackendOut(**{name: getattr(one, name) for name in (*names, *more)}, snapshot=one.digest)
