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
    PROPOSE_DEFINITIONS = "propose_definitions"
    REVIEW_DEFINITIONS = "review_definitions"
    MANAGE_POLICY = "manage_policy"
    BREAK_GLASS = "break_glass"
    HOLD_DATA = "hold_data"


class Role(StrEnum):
    ANALYST = "analyst"
    REVIEWER = "reviewer"
    POLICY_OWNER = "policy owner"
    FINANCE = "finance"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_P = Permission
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ANALYST: frozenset({_P.SEE_RUNS, _P.SUBMIT_RUNS, _P.PROPOSE_DEFINITIONS}),
    Role.REVIEWER: frozenset({_P.SEE_RUNS, _P.DECIDE, _P.REVIEW_DEFINITIONS}),
    Role.POLICY_OWNER: frozenset({_P.SEE_RUNS, _P.MANAGE_POLICY, _P.REVIEW_DEFINITIONS}),
    Role.FINANCE: frozenset({_P.SEE_RUNS, _P.DECIDE, _P.SEE_COSTS, _P.MANAGE_BUDGETS}),
    Role.OPERATOR: frozenset({_P.SEE_RUNS, _P.OPERATE, _P.SEE_AUDIT, _P.BREAK_GLASS}),
    Role.AUDITOR: frozenset({_P.SEE_RUNS, _P.SEE_COSTS, _P.SEE_AUDIT, _P.HOLD_DATA}),
    Role.ADMINISTRATOR: frozenset(
        {_P.SEE_RUNS, _P.SUBMIT_RUNS, _P.OPERATE, _P.SEE_AUDIT, _P.MANAGE_PEOPLE, _P.HOLD_DATA}
    ),
}

LABELS: Mapping[Permission, str] = {
    _P.SEE_RUNS: "Can see runs",
    _P.SUBMIT_RUNS: "Can submit and cancel runs",
    _P.DECIDE: "Can decide on requests",
    _P.SEE_COSTS: "Can see costs",
    _P.MANAGE_BUDGETS: "Can set budgets",
    _P.OPERATE: "Can stop and resume QPU spending",
    _P.SEE_AUDIT: "Can read the audit log",
    _P.MANAGE_PEOPLE: "Can add people and services and give them roles",
    _P.PROPOSE_DEFINITIONS: "Can propose workflows",
    _P.REVIEW_DEFINITIONS: "Can review proposed workflows",
    _P.MANAGE_POLICY: "Can change the policy",
    _P.BREAK_GLASS: "Can let one run pass in an emergency",
    _P.HOLD_DATA: "Can keep data from being removed or erased",
}

# What a service or an agent may be. It asks and reads; it never decides, pays, operates or watches over others.
MACHINE_ROLES = frozenset({Role.ANALYST})
