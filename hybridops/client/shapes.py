"""The API's answers. Money is dollars as Decimal; times carry a zone; names are the API's own (`docs/api.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Membership:
    team: str
    role: str


@dataclass(frozen=True, slots=True)
class Project:
    id: int
    slug: str
    name: str
    team: str


@dataclass(frozen=True, slots=True)
class Me:
    """`sponsor` is the person who answers for a service, None for a person."""

    name: str
    kind: str
    sponsor: str | None
    teams: list[Membership]
    projects: list[Project]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kind: str
    label: str
    default: Any
    low: float | None
    high: float | None
    choices: list[str]


@dataclass(frozen=True, slots=True)
class Workflow:
    """`why_not` says why it may not run, or is empty. `recommended`: reviewers promoted it."""

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
    parameters: list[Parameter]


@dataclass(frozen=True, slots=True)
class Decision:
    """Promoted, kept or retired: one version of a workflow, with the figures of that moment."""

    version: int
    verdict: str
    why: str
    person: str
    made_at: datetime
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Data as it was; `digest` is the SHA-256 of its bytes."""

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


@dataclass(frozen=True, slots=True)
class Backend:
    """As a worker saw it last."""

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


@dataclass(frozen=True, slots=True)
class Event:
    """`leaf` is its place in the log, None while it has none."""

    id: int
    stream: str
    seq: int
    at: datetime
    action: str
    who: str
    facts: dict[str, Any]
    leaf: int | None
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class Log:
    """`checkpoint` is a signed note. Keep it: a later bundle proves that the log only grew."""

    events: int
    sealed: int
    signed: bool
    made_at: datetime | None
    checkpoint: str
    alarm: str


@dataclass(frozen=True)
class RequestShort:
    """A request for approval as lists show it."""

    id: int
    run: int
    title: str
    state: str
    tier: str
    risk: int
    revision: int
    digest: str
    requester: str
    asked_at: datetime
    lapses_at: datetime

    def __str__(self) -> str:
        return f"A-{self.id}"


@dataclass(frozen=True)
class Request(RequestShort):
    """`envelope` is what would be sent, under `digest`; `mine` where you may decide on it now."""

    envelope: dict[str, Any]
    assessment: dict[str, Any]
    mine: bool


@dataclass(frozen=True, slots=True)
class Budget:
    id: int
    name: str
    backend: str
    starts_on: date
    ends_on: date
    frozen: bool
    limit_usd: Decimal
    pending_usd: Decimal
    posted_usd: Decimal
    overrun_usd: Decimal
    free_usd: Decimal


@dataclass(frozen=True, slots=True)
class Total:
    """`per_accepted_usd` is None where nothing was accepted."""

    key: str
    name: str
    runs: int
    accepted: int
    usd: Decimal
    qpu_usd: Decimal
    per_accepted_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Costs:
    since: datetime
    by: str
    total: Total
    groups: list[Total]


@dataclass(frozen=True, slots=True)
class Finding:
    where: str
    what: str
    mend: str
    grave: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft; `missing` is what keeps it from being reviewed, `path` its page on the site."""

    id: int
    name: str
    version: int
    state: str
    digest: str
    path: str
    findings: list[Finding]
    missing: list[str]
