"""Quotes and runs, as the API answers them; a run draws itself in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hybridops.domain.states import ENDINGS


@dataclass(frozen=True, slots=True)
class Choice:
    """One backend of a quote: `blocked` says why it cannot take this, or is empty."""

    provider: str
    backend: str
    blocked: str
    likely_usd: Decimal | None
    high_usd: Decimal | None
    tier: str | None
    risk: int | None
    people: int | None
    calibration_age_hours: float | None


@dataclass(frozen=True, slots=True)
class Quote:
    """What a submit would mean now. Nothing is reserved by asking."""

    digest: str
    backend: str
    likely_usd: Decimal
    high_usd: Decimal
    classical_usd: Decimal
    qpu_high_usd: Decimal
    over_cap: bool
    cap_that_fits_usd: Decimal
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Stage:
    """`progress` is a share."""

    key: str
    label: str
    kind: str
    state: str
    why: str
    progress: float
    device: str
    seconds: float | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Submission:
    """`cost_usd` is None until it is billed."""

    ordinal: int
    state: str
    provider: str
    backend: str
    job_id: str
    shots: int
    shots_done: int | None
    program: str
    error: str
    cost_usd: Decimal | None
    sent_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cost:
    what: str
    state: str
    promised_usd: Decimal
    billed_usd: Decimal | None


@dataclass(frozen=True)
class RunShort:
    """A run as lists show it."""

    id: int
    title: str
    workflow: str
    state: str
    outcome: str
    why: str
    version: int
    team: str
    project: int
    snapshot: int
    requested_by: str
    priority_class: str
    backend: str
    plan_digest: str
    cost_max_usd: Decimal
    submitted_at: datetime
    ended_at: datetime | None
    replay_of: int | None

    @property
    def ended(self) -> bool:
        return self.state in ENDINGS

    def __str__(self) -> str:
        return f"R-{self.id}"


@dataclass(frozen=True)
class Run(RunShort):
    """A run with everything. A notebook draws it; `plot()` gives its arms as a figure of plotly's."""

    stages: list[Stage]
    submissions: list[Submission]
    costs: list[Cost]
    spent_usd: Decimal | None
    score: dict[str, Any] | None

    @property
    def arms(self) -> dict[str, float | None]:
        """The objective of each arm, lower is better; None where it has no feasible answer."""
        from hybridops.client import notebook

        return notebook.arms(self)

    @property
    def answer(self) -> str:
        """One line: where it stands, and why."""
        from hybridops.client import notebook

        return notebook.answer(self)

    @property
    def progress(self) -> float:
        """The share of its stages that is behind it."""
        from hybridops.client import notebook

        return notebook.progress(self)

    def plot(self) -> Any:
        """A figure of plotly's: the arms, and the samples where the score tells them. Needs plotly."""
        from hybridops.client import notebook

        return notebook.plot(self)

    def _repr_html_(self) -> str:
        from hybridops.client import notebook

        return notebook.html(self)
