from __future__ import annotations

from allauth.account import urls as account_urls
from allauth.account import views as account_views
from django.urls import URLPattern, include, path

from hybridops.web import health

# Our own addresses for these two; the rest keeps allauth's, so that every name it reverses resolves.
_OWN = {"account_login", "account_logout"}
_account: list[URLPattern] = [one for one in account_urls.urlpatterns if one.name not in _OWN]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", account_views.login, name="account_login"),
    path("sign-out/", account_views.logout, name="account_logout"),
    path("account/", include(_account)),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("", include("hybridops.web.urls")),
]
