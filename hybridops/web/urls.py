"""Every page and its fragments."""

from __future__ import annotations

from hybridops.web.pages import urls_a, urls_b

urlpatterns = [*urls_b.urlpatterns, *urls_a.urlpatterns]
