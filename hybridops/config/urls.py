from __future__ import annotations

from allauth.account import urls as account_urls
from allauth.account import views as account_views
from allauth.idp.oidc import views as issuer
from allauth.socialaccount import views as social_views
from allauth.socialaccount.providers.openid_connect import views as sign_on
from django.urls import URLPattern, include, path

from hybridops.web import health, metrics
from hybridops.web.pages import account

# Our own addresses for these; the rest keeps allauth's, so that every name it reverses resolves.
_OWN = {"account_login", "account_logout", "account_email"}
_account: list[URLPattern] = [one for one in account_urls.urlpatterns if one.name not in _OWN]

_device = [
    path("account/device/", account.confirm_device, name="device_authorization"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("livez", health.livez, name="livez"),
    path("metrics", metrics.metrics, name="metrics"),
    path("sign-in/", account_views.login, name="account_login"),
    path("sign-out/", account_views.logout, name="account_logout"),
    path("sign-on/<slug:provider_id>/", sign_on.login, name="openid_connect_login"),
    path("sign-on/<slug:provider_id>/back/", sign_on.callback, name="openid_connect_callback"),
    path("sign-on/cancelled", social_views.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-on/error", social_views.login_error, name="socialaccount_login_error"),
    path("sign-on/signup", social_views.signup, name="socialaccount_signup"),
    # An address is an administrator's to set: single sign-on finds people by it.
    path("account/email/", account.settings_page, name="account_email"),
    path("account/", include(_account)),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
    path("account/connections/", account.settings_page, name="socialaccount_connections"),
    path("api/token", account.token, name="token"),
    path("api/device", issuer.device_code, name="device"),
    path("api/revoke", issuer.revoke, name="revoke_token"),
    path("", include(([path("", include((_device, "oidc")))], "idp"))),  # as allauth reverses it
    path("", include("hybridops.web.urls")),
]
