"""What finance does about budgets: open one, set its limits, clear an overrun. Above a sum it takes two."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from hybridops.audit.services import record
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, NotYours
from hybridops.domain.ledger import Amounts, Unit, allocated
from hybridops.quotas.changes import decide, open_change, propose
from hybridops.quotas.ledger import write
from hybridops.quotas.models import Budget, Change
from hybridops.quotas.periods import close_period
from hybridops.quotas.queries import check_manages, finance_of, managed_budget
from hybridops.teams.access import actor as actor_of
from hybridops.teams.models import User


@transaction.atomic(savepoint=False)
def open_budget(
    *,
    team_id: int | None,
    name: str,
    limit_micro: int,
    starts_on: date,
    ends_on: date,
    actor: Actor,
    project_id: int | None = None,
    experiment_id: int | None = None,
    backend: str = "",
    limit_shots: int | None = None,
    limit_qpu_ms: int | None = None,
) -> Budget:
    """A budget with its ALLOCATE entries; without a team it is the organisation's."""
    if min(limit_micro, limit_shots or 0, limit_qpu_ms or 0) < 0 or ends_on < starts_on:
        raise BadInput("A budget has a limit of zero or more and ends after it begins.", field="limit")
    budget = Budget.objects.create(
        team_id=team_id,
        project_id=project_id,
        experiment_id=experiment_id,
        backend=backend,
        name=name,
        limit_micro=limit_micro,
        limit_shots=limit_shots,
        limit_qpu_ms=limit_qpu_ms,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    limits = Amounts(limit_micro, limit_shots or 0, limit_qpu_ms or 0)
    made = [allocated(unit, amount, amount) for unit, amount in limits.each()]
    write([budget], f"budget-{budget.pk}", made)
    facts, said = {"budget": budget.pk, "limit_micro": limit_micro}, {"called": name}
    record(stream=f"budget:{budget.pk}", action="budget.opened", actor=actor, facts=facts, personal=said)
    return budget


@transaction.atomic(savepoint=False)
def change_limit(*, budget_id: int, limit_micro: int, seen_micro: int, actor: Actor, why: str) -> None:
    """Sets a limit. What runs keeps its promise, new work meets the new limit.

    `seen_micro` is the limit the person was looking at: Conflict where it has changed since.
    """
    if limit_micro < 0 or not why.strip():
        raise BadInput("Give a limit of zero or more, and a reason.", field="limit")
    open_ones = Budget.objects.filter(pk=budget_id, limit_micro=seen_micro, closed_at=None)
    if not open_ones.update(limit_micro=limit_micro):
        raise Conflict("Somebody changed this limit meanwhile. Read it again.")
    moved = allocated(Unit.MICRO, limit_micro - seen_micro, limit_micro)
    write([Budget(pk=budget_id)], f"budget-{budget_id}-{uuid4()}", [moved])
    facts = {"from_micro": seen_micro, "to_micro": limit_micro}
    record(
        stream=f"budget:{budget_id}", action="budget.changed", actor=actor, facts=facts, personal={"why": why}
    )


@transaction.atomic(savepoint=False)
def change_quantity(*, budget_id: int, unit: Unit, limit: int | None, actor: Actor, why: str) -> None:
    """Sets how many shots, or QPU milliseconds, a budget allows; None for as many as the money pays."""
    if (limit is not None and limit < 0) or not why.strip() or unit is Unit.MICRO:
        raise BadInput("Give a limit of zero or more, and a reason.", field="limit")
    budget = Budget.objects.select_for_update().filter(pk=budget_id, closed_at=None).first()
    if budget is None:
        raise Conflict("Somebody closed its period meanwhile.")
    before = getattr(budget, f"limit_{unit}")
    shots = limit if unit is Unit.SHOTS else budget.limit_shots
    qpu_ms = limit if unit is Unit.QPU_MS else budget.limit_qpu_ms
    Budget.objects.filter(pk=budget_id).update(limit_shots=shots, limit_qpu_ms=qpu_ms)
    moved = allocated(unit, (limit or 0) - (before or 0), limit or 0)
    write([budget], f"budget-{budget_id}-{uuid4()}", [moved])
    facts = {"unit": unit, "from": before, "to": limit}
    record(
        stream=f"budget:{budget_id}", action="budget.changed", actor=actor, facts=facts, personal={"why": why}
    )


@transaction.atomic(savepoint=False)
def propose_limit(
    *, user: User, budget_id: int, limit_micro: int, seen_micro: int, why: str
) -> Change | None:
    """Sets a limit as a person of finance: at once within settings.FOUR_EYES_MICRO, above it as a proposal.

    Answers the proposal, which another person of finance confirms or declines; None where the limit is set.
    """
    budget = managed_budget(user, budget_id)
    if abs(limit_micro - seen_micro) <= settings.FOUR_EYES_MICRO:
        change_limit(
            budget_id=budget_id, limit_micro=limit_micro, seen_micro=seen_micro, actor=actor_of(user), why=why
        )
        return None
    if limit_micro < 0 or not why.strip():
        raise BadInput("Give a limit of zero or more, and a reason.", field="limit")
    if budget.limit_micro != seen_micro or budget.closed_at:
        raise Conflict("Somebody changed this limit meanwhile. Read it again.")
    return propose(
        user=user, stream=f"budget:{budget_id}", why=why, name=budget.name, to=finance_of(budget),
        path="/cost/budgets/", made=Change(budget=budget, from_micro=seen_micro, to_micro=limit_micro),
    )  # fmt: skip


@transaction.atomic(savepoint=False)
def open_as(
    *, user: User, team_id: int | None, limit_micro: int, **asked: Any
) -> tuple[Budget, Change | None]:
    """A budget opened by a person of finance; above settings.FOUR_EYES_MICRO it begins at zero with a proposal.

    `asked` is as open_budget takes it. Raises Conflict where one begins on that day for the same.
    """
    check_manages(user, team_id)
    at_once = limit_micro if limit_micro <= settings.FOUR_EYES_MICRO else 0
    try:
        with transaction.atomic():
            made = open_budget(team_id=team_id, limit_micro=at_once, actor=actor_of(user), **asked)
    except IntegrityError as problem:
        raise Conflict("A budget for this begins on that day already. Change its limit.") from problem
    change = propose_limit(
        user=user, budget_id=made.pk, limit_micro=limit_micro, seen_micro=at_once, why="a new budget"
    ) if at_once != limit_micro else None  # fmt: skip
    return made, change


@transaction.atomic(savepoint=False)
def close_as(*, user: User, team_id: int | None, last: date) -> list[Budget]:
    """Closes the periods of a team, or of the organisation, that ended on or before a day."""
    check_manages(user, team_id)
    return close_period(team_id=team_id, last=last, actor=actor_of(user))


@transaction.atomic(savepoint=False)
def decide_limit(*, user: User, change_id: int, confirm: bool) -> Change:
    """Another person of finance confirms a proposed limit or declines it; who proposed it may take it back."""
    change = open_change(change_id)
    if change is None or change.budget_id is None:
        raise NotYours("There is no such proposal.")
    budget = managed_budget(user, change.budget_id)
    decide(change=change, user=user, confirm=confirm, stream=f"budget:{budget.pk}")
    if confirm:
        change_limit(
            budget_id=budget.pk,
            limit_micro=change.to_micro,
            seen_micro=change.from_micro,
            actor=actor_of(user),
            why=change.why,
        )
    return change


@transaction.atomic(savepoint=False)
def clear_overrun(*, budget_id: int, why: str, actor: Actor) -> None:
    """Finance accepts an overrun: the budget takes new work again, the overrun stays in the ledger."""
    if not why.strip():
        raise BadInput("Say why the overrun is accepted.", field="why")
    if Budget.objects.filter(pk=budget_id, frozen=True).update(frozen=False):
        record(
            stream=f"budget:{budget_id}",
            action="budget.cleared",
            actor=actor,
            facts={},
            personal={"why": why},
        )
