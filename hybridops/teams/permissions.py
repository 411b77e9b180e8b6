"""The one table of roles and what they may do in a team. Pages, API and workers read no other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    SEE_RUNS = "see_runs"
    SUBMIT_RUNS = "submit_runs"
    DECIDE = "decide"
    SEE_COSTS = "see_costs"
    MANAGE_BUDGETS = "manage_budgets"
    OPERATE = "operate"
    SEE_AUDIT = "see_audit"
    MANAGE_PEOPLE = "manage_people"


class Role(StrEnum):
    ANALYST = "analyst"
    REVIEWER = "reviewer"
    FINANCE = "finance"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_P = Permission
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ANALYST: frozenset({_P.SEE_RUNS, _P.SUBMIT_RUNS}),
    Role.REVIEWER: frozenset({_P.SEE_RUNS, _P.DECIDE}),
    Role.FINANCE: frozenset({_P.SEE_RUNS, _P.DECIDE, _P.SEE_COSTS, _P.MANAGE_BUDGETS}),
    Role.OPERATOR: frozenset({_P.SEE_RUNS, _P.OPERATE, _P.SEE_AUDIT}),
    Role.AUDITOR: frozenset({_P.SEE_RUNS, _P.SEE_COSTS, _P.SEE_AUDIT}),
    Role.ADMINISTRATOR: frozenset({_P.SEE_RUNS, _P.SUBMIT_RUNS, _P.OPERATE, _P.SEE_AUDIT, _P.MANAGE_PEOPLE}),
}

LABELS: Mapping[Permission, str] = {
    _P.SEE_RUNS: "Can see runs",
    _P.SUBMIT_RUNS: "Can submit and cancel runs",
    _P.DECIDE: "Can decide on requests",
    _P.SEE_COSTS: "Can see costs",
    _P.MANAGE_BUDGETS: "Can set budgets",
    _P.OPERATE: "Can stop and resume QPU spending",
    _P.SEE_AUDIT: "Can read the audit log",
    _P.MANAGE_PEOPLE: "Can add people",
}
