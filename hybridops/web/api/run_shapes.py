"""A run as programs read it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ninja import Schema
from pydantic import AwareDatetime, Field

from hybridops.domain.money import to_micro
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.experiments.queries import stages_of, submissions_of
from hybridops.experiments.services import Wanted
from hybridops.quotas.queries import reservations, spent_micro
from hybridops.web.api.shapes import usd


class Wish(Schema):
    """What a run would be of. `cost_max_usd` caps what the QPU may cost; `backend` empty lets the scheduler choose."""

    workflow: str = Field(max_length=50)
    project: int = Field(gt=0, lt=2**63)
    snapshot: int = Field(gt=0, lt=2**63)
    parameters: dict[str, Any] = {}
    seed: int = Field(0, ge=0, lt=2**31)
    backend: str = Field("", max_length=60)
    priority_class: str = Field("validation", max_length=20)
    fallback: str = Field("classical", max_length=20)
    deadline: AwareDatetime | None = None
    cost_max_usd: Decimal = Field(Decimal(0), ge=0, le=10**9, max_digits=16, decimal_places=6)
    anyway: str = Field("", max_length=300)

    def wanted(self, *, title: str = "quote", business_outcome: str = "") -> Wanted:
        return Wanted(
            project_id=self.project,
            snapshot_id=self.snapshot,
            title=title,
            business_outcome=business_outcome,
            parameters=self.parameters,
            seed=self.seed,
            backend=self.backend,
            priority_class=self.priority_class,
            fallback=self.fallback,
            deadline=self.deadline,
            cost_max_micro=to_micro(self.cost_max_usd),
            anyway=self.anyway,
        )


class Submit(Wish):
    """`quote` is the digest of a quote: where the price has moved since, the call is a conflict and nothing is made."""

    title: str = Field(min_length=1, max_length=120)
    business_outcome: str = Field("", max_length=300)
    quote: str = Field("", max_length=64)


class RunOut(Schema):
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
    cost_max_usd: str
    submitted_at: datetime
    ended_at: datetime | None
    replay_of: int | None


class StageOut(Schema):
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


class SubmissionOut(Schema):
    """`cost_usd` is null until it is billed."""

    ordinal: int
    state: str
    provider: str
    backend: str
    job_id: str
    shots: int
    shots_done: int | None
    program: str
    error: str
    cost_usd: str | None
    sent_at: datetime | None
    ended_at: datetime | None


class CostOut(Schema):
    """What was promised and billed for one part."""

    what: str
    state: str
    promised_usd: str
    billed_usd: str | None


class RunWhole(RunOut):
    """`spent_usd` is null while nothing was billed. `score` is what the last stage said: the arms and the verdict."""

    stages: list[StageOut]
    submissions: list[SubmissionOut]
    costs: list[CostOut]
    spent_usd: str | None
    score: dict[str, Any] | None


def told(run: Run) -> dict[str, Any]:
    """The short form, without a query where the run came from `runs_for`."""
    asked = run.experiment
    return {
        "id": run.pk,
        "title": asked.title,
        "workflow": asked.workflow,
        "state": run.state,
        "outcome": run.outcome,
        "why": run.why,
        "version": run.version,
        "team": asked.project.team.slug,
        "project": asked.project_id,
        "snapshot": asked.snapshot_id,
        "requested_by": str(run.requested_by),
        "priority_class": asked.priority_class,
        "backend": run.plan["backend"],
        "plan_digest": run.plan_digest,
        "cost_max_usd": usd(asked.cost_max_micro),
        "submitted_at": run.made_at,
        "ended_at": run.ended_at,
        "replay_of": run.replay_of_id,
    }


def short(run: Run) -> RunOut:
    return RunOut(**told(run))


def whole(run: Run) -> RunWhole:
    stages, spent = stages_of(run), spent_micro([run.pk]).get(run.pk)
    score = next((s.summary for s in reversed(stages) if s.spec["kind"] == "score" and s.summary), None)
    return RunWhole(
        **told(run),
        stages=[_stage(one) for one in stages],
        submissions=[_submission(one) for one in submissions_of(run)],
        costs=[
            CostOut(
                what=row.what,
                state=row.state,
                promised_usd=usd(row.amount_micro),
                billed_usd=None if row.settled_micro is None else usd(row.settled_micro),
            )
            for row in reservations(run.pk)
        ],
        spent_usd=None if spent is None else usd(spent),
        score=score,
    )


def _stage(row: Stage) -> StageOut:
    return StageOut(
        key=row.key,
        label=row.described().label,
        kind=row.spec["kind"],
        state=row.state,
        why=row.why,
        progress=row.progress,
        device=row.device,
        seconds=row.seconds,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _submission(row: Submission) -> SubmissionOut:
    names = ("ordinal", "state", "provider", "backend", "job_id", "shots", "shots_done", "program", "error")
    values = {name: getattr(row, name) for name in names}
    cost = None if row.cost_micro is None else usd(row.cost_micro)
    return SubmissionOut(**values, cost_usd=cost, sent_at=row.sent_at, ended_at=row.ended_at)
