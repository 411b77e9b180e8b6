"""Your own account, the people you administer, data and its holds, and the documents on their way to a signature."""

from __future__ import annotations

from django.urls import URLPattern, path

from hybridops.web.pages import account, data, definitions, draft, holds, roster

urlpatterns: list[URLPattern] = [
    path("settings/", account.settings_page, name="settings"),
    path("settings/command-lines/end/", account.end_command_lines, name="command_lines_end"),
    path("settings/demo-code/", account.demo_code, name="demo_code"),
    path("definitions/", definitions.definitions, name="definitions"),
    path("definitions/propose/", definitions.propose_source, name="definition_propose"),
    path("definitions/from/<slug:kind>/<slug:name>/", definitions.from_force, name="definition_from"),
    path("definitions/documents/<int:pk>/leave/", definitions.leave, name="definition_leave"),
    path("definitions/week/", definitions.week, name="definitions_week"),
    path("definitions/week/<int:pk>/", definitions.note, name="definition_note"),
    path("definitions/<int:pk>/", draft.draft, name="draft"),
    path("definitions/<int:pk>/save/", draft.save, name="draft_save"),
    path("definitions/<int:pk>/try/", draft.try_it, name="draft_try"),
    path("definitions/<int:pk>/ask/", draft.ask, name="draft_ask"),
    path("definitions/<int:pk>/withdraw/", draft.withdraw, name="draft_withdraw"),
    path("definitions/<int:pk>/review/", draft.decide, name="draft_review"),
    path("definitions/<int:pk>/passkey/", draft.passkey, name="draft_passkey"),
    path("people/", roster.people, name="people"),
    path("people/add/", roster.add, name="person_add"),
    path("people/add-service/", roster.add_service, name="service_add"),
    path("people/<int:pk>/role/", roster.role, name="person_role"),
    path("people/<int:pk>/deactivate/", roster.deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", roster.reactivate, name="person_reactivate"),
    path("people/<int:pk>/hand-over/", roster.hand_over, name="person_hand_over"),
    path("people/<int:pk>/erase/", roster.erase, name="person_erase"),
    path("data/", data.data, name="data"),
    path("data/<int:pk>/", data.snapshot, name="snapshot"),
    path("data/<int:pk>/class/", data.change, name="snapshot_class"),
    path("data/holds/", holds.holds, name="holds"),
    path("data/holds/add/", holds.place, name="hold_place"),
    path("data/holds/<int:pk>/lift/", holds.lift, name="hold_lift"),
    path("people/<int:pk>/secret/", roster.secret, name="service_secret"),
]
