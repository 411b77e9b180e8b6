"""Your own account, and the people and services of the teams you administer."""

from __future__ import annotations

from django.urls import URLPattern, path

from hybridops.web.pages import account, roster

urlpatterns: list[URLPattern] = [
    path("settings/", account.settings_page, name="settings"),
    path("settings/demo-code/", account.demo_code, name="demo_code"),
    path("people/", roster.people, name="people"),
    path("people/add/", roster.add, name="person_add"),
    path("people/add-service/", roster.add_service, name="service_add"),
    path("people/<int:pk>/role/", roster.role, name="person_role"),
    path("people/<int:pk>/deactivate/", roster.deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", roster.reactivate, name="person_reactivate"),
    path("people/<int:pk>/secret/", roster.secret, name="service_secret"),
]
