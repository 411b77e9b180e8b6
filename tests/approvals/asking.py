"""Requests as the tests of the gate need them: asked by the engine, about a run of the fake workflow."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.audit.models import AuditEvent
from hybridops.engine.builtin import document
from hybridops.engine.inline import drive
from hybridops.experiments import services
from hybridops.teams.models import User
from tests.presence import here
from tests.world import World, publish, submit


def policy_with(
    *,
    version: int = 3,
    reviewers: int = 1,
    finance_above: str = "100.00",
    passes_up_to: str = "",
    **changed: Any,
) -> dict[str, Any]:
    """The shipped policy with other people to agree; `passes_up_to` lets everything up to a sum pass by itself."""
    need = [{"of": "reviewer", "count": reviewers}, {"of": "finance", "count": 1, "above_usd": finance_above}]
    people = {
        "name": "people decide", "when": [], "need": need, "step_up": ["passkey", "one-time code"],
        "expiry_hours": 6, "escalate_to": "operator",
    }  # fmt: skip
    passes = {
        "name": "passes", "by_policy": True, "when": [{"fact": "cost_usd_max", "at_most": passes_up_to or "0.10"}],
    }  # fmt: skip
    return {**document("policy"), "version": version, "tiers": [passes, people], "rules": [], **changed}


def rules(**changed: Any) -> dict[str, Any]:
    """Another policy comes into force."""
    body = policy_with(**changed)
    publish(body, "policy")
    return body


def ask(world: World, *, user: User | None = None, **changed: Any) -> ApprovalRequest:
    """A request that waits for people, its run held at the gate."""
    run = submit(world, user=user, **changed)
    drive(run.pk)
    return ApprovalRequest.objects.get(subject=f"run:{run.pk}")


def decide(user: User, request: ApprovalRequest, verdict: str = "approve", **sent: Any) -> ApprovalRequest:
    """What a person sends from the page they last read; a refusal takes back what it began."""
    shown = ApprovalRequest.objects.get(pk=request.pk).digest
    told = {"digest_shown": shown, "reason": "because", "presence": here(), **sent}
    with transaction.atomic():
        return services.decide(user=user, request_id=request.pk, verdict=verdict, **told)


def state(request: ApprovalRequest) -> str:
    return str(ApprovalRequest.objects.values_list("state", flat=True).get(pk=request.pk))


def votes(request: ApprovalRequest) -> list[tuple[str, str, int]]:
    rows = Decision.objects.filter(request=request).order_by("id")
    return list(rows.values_list("by", "verdict", "revision"))


def told(request: ApprovalRequest) -> list[str]:
    """What the trail says happened to a request, in order."""
    rows = AuditEvent.objects.filter(stream=f"request:{request.pk}").order_by("seq")
    return [action.removeprefix("approval.") for action in rows.values_list("action", flat=True)]


def unguarded() -> None:
    """As somebody who owns the database: its triggers stand in nobody's way for the rest of the test."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            return
        for what in ("UPDATE", "DELETE"):
            cursor.execute(f"DROP TRIGGER approvals_decision_keeps_{what}")
