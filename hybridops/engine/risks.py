"""The facts on which risk is judged, the same at the preview and at the gate."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from hybridops.definitions.queries import authors_of
from hybridops.domain import clock
from hybridops.domain.money import from_micro
from hybridops.domain.ports import Backend
from hybridops.domain.risk import RiskFacts
from hybridops.domain.states import SubmissionState
from hybridops.experiments.models import DataSnapshot, Submission
from hybridops.quotas.periods import today
from hybridops.quotas.queries import budgets_for
from hybridops.teams.access import behind
from hybridops.teams.models import Project, User


def facts_of(
    *,
    definition: str,
    backend: Backend,
    cost_usd: Decimal,
    shots: int,
    project: Project,
    snapshot: DataSnapshot,
    priority_class: str,
    requester: User,
    generated: bool = False,
) -> RiskFacts:
    """`definition` is its digest; `cost_usd` the worst case; `generated` a circuit nobody reviewed."""
    answered = Submission.objects.filter(
        run__experiment__definition_digest=definition, state=SubmissionState.RETRIEVED
    )
    used = set(answered.values_list("backend", flat=True).distinct())
    return RiskFacts(
        cost_usd_max=cost_usd,
        shots=shots,
        real_hardware=backend.kind != "ideal simulator",
        backend=backend.name,
        backend_used_before=backend.name in used,
        definition_used_before=bool(used),
        region=backend.region,
        home_region=project.home_region,
        data_class=snapshot.data_class,
        data_regions=tuple(snapshot.regions),
        priority_class=priority_class,
        by_machine=requester.kind != User.PERSON,
        generated=generated,
        calibration_age_hours=_age_hours(backend.calibrated_at),
        budget_share=_budget_share(project, cost_usd, backend.name),
    )


def _age_hours(calibrated: datetime | None) -> float | None:
    return None if calibrated is None else round((clock.now() - calibrated).total_seconds() / 3600, 2)


def _budget_share(project: Project, cost_usd: Decimal, backend: str) -> float:
    """The largest share of what is left that the cost would take of any budget."""
    rows = budgets_for(team_id=project.team_id, project_id=project.pk, backend=backend, on=today())
    shares = [
        float(cost_usd / from_micro(row.free_micro)) if row.free_micro else 1.0 for row in rows if cost_usd
    ]
    return round(max(shares, default=0.0), 4)


def involved_with(definition: str, snapshot: DataSnapshot, *people: User) -> frozenset[int]:
    """These people and who answers for them, who added or owns the data, who wrote the workflow: nobody decides."""
    authors = {pk for pk in authors_of(definition) if pk is not None}
    return frozenset({snapshot.added_by_id, snapshot.owner_id} | authors).union(
        *(behind(user) for user in people)
    )
