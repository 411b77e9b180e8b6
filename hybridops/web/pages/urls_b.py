"""Today, decisions, money, the trail."""

from __future__ import annotations

from django.urls import URLPattern, path

from hybridops.web.pages import approvals, audit, budgets, cost, decision, messages, people, today

urlpatterns: list[URLPattern] = [
    path("", today.today, name="today"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<int:pk>/", decision.decision, name="decision"),
    path("approvals/<int:pk>/decide/", decision.decide, name="decide"),
    path("cost/", cost.cost, name="cost"),
    path("cost/export.csv", cost.export, name="cost_csv"),
    path("cost/budgets/<int:pk>/limit/", budgets.limit, name="budget_limit"),
    path("cost/budgets/<int:pk>/clear/", budgets.clear, name="budget_clear"),
    path("audit/", audit.audit, name="audit"),
    path("audit/<int:pk>/", audit.event, name="audit_event"),
    path("audit/verify/", audit.verify, name="verify"),
    path("spending/stop/", people.stop, name="spending_stop"),
    path("spending/resume/", people.resume, name="spending_resume"),
    path("messages/", messages.messages, name="messages"),
    path("messages/paces/", messages.paces, name="message_paces"),
    path("messages/again/<slug:what>/<int:pk>/", messages.again, name="notice_again"),
    path("messages/webhooks/", messages.add_webhook, name="webhook_add"),
    path("messages/webhooks/<int:pk>/stop/", messages.stop_webhook, name="webhook_stop"),
    path("theme/", people.theme, name="theme"),
]
