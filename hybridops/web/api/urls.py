from __future__ import annotations

from django.urls import URLPattern, path

from hybridops.web.api import views

urlpatterns: list[URLPattern] = [
    path("me", views.me, name="api_me"),
    path("runs/<int:pk>", views.run, name="api_run"),
]
