"""Today, decisions, money, the trail."""

from __future__ import annotations

from django.urls import URLPattern, path

from hybridops.web.pages import (
    approvals,
    audit,
    away,
    budgets,
    cost,
    decision,
    emergency,
    people,
    policy,
    talk,
    today,
)

urlpatterns: list[URLPattern] = [
    path("", today.today, name="today"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<int:pk>/", decision.decision, name="decision"),
    path("approvals/<int:pk>/decide/", decision.decide, name="decide"),
    path("approvals/<int:pk>/passkey/", decision.passkey, name="decision_passkey"),
    path("approvals/<int:pk>/claim/", talk.claim, name="claim"),
    path("approvals/<int:pk>/release/", talk.release, name="release"),
    path("approvals/<int:pk>/comment/", talk.comment, name="comment"),
    path("approvals/<int:pk>/break-glass/", emergency.emergency, name="break_glass"),
    path("approvals/<int:pk>/break-glass/passkey/", emergency.passkey, name="emergency_passkey"),
    path("approvals/<int:pk>/break-glass/review/", emergency.look, name="break_glass_review"),
    path("approvals/away/", away.away, name="away"),
    path("approvals/away/<int:pk>/delegate/", away.delegate, name="delegate"),
    path("approvals/away/<int:pk>/revoke/", away.revoke, name="revoke"),
    path("approvals/away/<int:pk>/freeze/", away.freeze, name="freeze"),
    path("approvals/away/<int:pk>/lift/", away.lift, name="lift"),
    path("policy/", policy.policy, name="policy"),
    path("cost/", cost.cost, name="cost"),
    path("cost/export.csv", cost.export, name="cost_csv"),
    path("cost/budgets/<int:pk>/limit/", budgets.limit, name="budget_limit"),
    path("cost/budgets/<int:pk>/clear/", budgets.clear, name="budget_clear"),
    path("audit/", audit.audit, name="audit"),
    path("audit/<int:pk>/", audit.event, name="audit_event"),
    path("audit/<int:pk>/proof/", audit.proof, name="audit_proof"),
    path("audit/checkpoint/", audit.checkpoint, name="audit_checkpoint"),
    path("audit/verify/", audit.verify, name="verify"),
    path("spending/stop/", people.stop, name="spending_stop"),
    path("spending/resume/", people.resume, name="spending_resume"),
    path("theme/", people.theme, name="theme"),
]
