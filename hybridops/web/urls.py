"""Every page and its fragments, and what programs ask."""

from __future__ import annotations

from django.urls import include, path

from hybridops.web.pages import urls_a, urls_b, urls_c, urls_d

urlpatterns = [
    *urls_b.urlpatterns,
    *urls_a.urlpatterns,
    *urls_c.urlpatterns,
    *urls_d.urlpatterns,
    path("api/v1/", include("hybridops.web.api.urls")),
]
