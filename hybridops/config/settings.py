"""The one settings module. Everything that differs between places comes from the environment."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from django.utils.csp import CSP

from hybridops.cli import broker
from hybridops.cli.rehearsal import cast
from hybridops.config import environment, events, providers
from hybridops.config.logs import LOGGING  # noqa: F401

ROOT = environment.ROOT
HOME = environment.home()
DEMO = environment.flag("HYBRIDOPS_DEMO")
DEMO_PEOPLE = cast.SIGN_INS if DEMO else ()
DEMO_CODE_SECRET = cast.CODE_SECRET if DEMO else ""
SECOND_FACTOR_REQUIRED = not DEMO  # before somebody decides, spends, operates or manages
DEBUG = environment.flag("HYBRIDOPS_DEBUG")
HTTPS = environment.flag("HYBRIDOPS_HTTPS")

SECRET_KEY = environment.secret_key(HOME)
ALLOWED_HOSTS = environment.listed("HYBRIDOPS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.listed("HYBRIDOPS_ORIGINS")

INSTALLED_APPS = [
    "hybridops.cli",
    "hybridops.web",
    "hybridops.engine",
    "hybridops.triggers",
    "hybridops.experiments",
    "hybridops.approvals",
    "hybridops.quotas",
    "hybridops.definitions",
    "hybridops.backends",
    "hybridops.artifacts",
    "hybridops.teams",
    "hybridops.outbox",
    "hybridops.audit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "channels",
    "django_rq",
    "guardian",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "hybridops.config.urls"
ASGI_APPLICATION = "hybridops.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hybridops.web.context.frame",
            ]
        },
    }
]

# Stores: the database is the truth; the broker only carries calls and nudges.
DATABASES = {"default": environment.database(os.environ.get("DATABASE_URL", ""), HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = os.environ.get("REDIS_URL") or broker.address(HOME)
RQ_QUEUES = {
    name: {"URL": REDIS_URL, "SERIALIZER": "rq.serializers.JSONSerializer", "DEFAULT_TIMEOUT": 3600}
    for name in ("light", "cpu", "gpu", "qpu")
}
RQ = {"COMMIT_MODE": "auto"}  # the engine calls on commit itself; a second wait would hide the job's id
# What limits sign-ins is counted in the database: the broker may be away. Large: dropping an entry lifts a limit.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "hybridops_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
# Key → ("module:Class", options); the engine makes each one when it is first needed.
# Problem families of your own beside the shipped ones: name to "module:Class" (see domain/ports.py).
EXTRA_WORKFLOWS: dict[str, str] = {}
PROVIDERS: dict[str, tuple[str, dict[str, Any]]] = providers.providers(
    environment.listed("HYBRIDOPS_PROVIDERS", "local"), os.environ.get("HYBRIDOPS_PROVIDERS_FILE", ""), HOME
)
SECRETS: tuple[str, dict[str, Any]] = providers.secrets(os.environ.get("HYBRIDOPS_SECRETS", ""), HOME)
# How teams and priority classes share the backends: what differs from the defaults of domain/shares.py.
SCHEDULING: dict[str, Any] = providers.scheduling(os.environ.get("HYBRIDOPS_SCHEDULING_FILE", ""))
OBSERVE_SECONDS = 15  # between two looks at a provider's backends
SEAL_SECONDS = 2  # between two rounds that put new records into the log
RETENTION_DAYS = environment.retention()
OUTBOX_DAYS = environment.outbox_days()
ORGANISATION_TIME_ZONE = environment.time_zone()
FOUR_EYES_MICRO = (
    environment.four_eyes_micro()
)  # changes above it are proposed by one and confirmed by another
CHECKPOINTS = HOME / "checkpoints"
AUDIT_MAIL = environment.listed("HYBRIDOPS_AUDIT_MAIL")
# Where signed checkpoints go: a name → a function, and the least seconds between two.
AUDIT_TARGETS: dict[str, tuple[str, int]] = {
    "file": ("hybridops.audit.publish.to_file", 0),
    "webhooks": ("hybridops.outbox.checkpoints.to_webhooks", 3600),
}
if AUDIT_MAIL:
    AUDIT_TARGETS["mail"] = ("hybridops.audit.publish.to_mail", 24 * 3600)
# Notices: mail goes into files of the data folder until a server is named; links lead to SITE.
SITE = environment.site()
MAILERS = {"default": environment.mailer(HOME)}
DEFAULT_FROM_EMAIL = os.environ.get("HYBRIDOPS_MAIL_FROM") or "hybridops@localhost"
# Message brokers that are told what happens: docs/events.md.
BROKERS: dict[str, dict[str, Any]] = events.brokers(os.environ.get("HYBRIDOPS_EVENTS_FILE", ""))
WEBHOOKS_INSIDE = environment.flag("HYBRIDOPS_WEBHOOKS_INSIDE")  # addresses of one's own network, also http

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# Static files: found in place for the demo and at a desk; collected, hashed and compressed in production.
STATIC_URL = "/static/"
COLLECTED = os.environ.get("HYBRIDOPS_STATIC_ROOT", "")
STATIC_ROOT = Path(COLLECTED or ROOT / "staticfiles")
_plotly = importlib.util.find_spec("plotly")  # found, not imported: plotly is slow to load
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [ROOT / "static"]
if _plotly and _plotly.submodule_search_locations:
    STATICFILES_DIRS.append(("plotly", Path(_plotly.submodule_search_locations[0]) / "package_data"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "artifacts": environment.artifacts(HOME),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not COLLECTED

# What a browser may do.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "connect-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF, *environment.origin_of(os.environ.get("HYBRIDOPS_OIDC_ISSUER", ""))],
    "frame-ancestors": [CSP.NONE],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX = 5 * 1024 * 1024  # bytes of one uploaded file; the forms check it
FILE_UPLOAD_PERMISSIONS = 0o600

# People: signed in by name; accounts are made by an administrator, never by a visitor.
AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "hybridops.web.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in/"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
USERSESSIONS_ADAPTER = "hybridops.web.adapter.SessionsAdapter"
MFA_ADAPTER = "hybridops.web.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_FORMS = {
    "authenticate": "hybridops.web.pages.codes.AuthenticateForm",
    "reauthenticate": "hybridops.web.pages.codes.ReauthenticateForm",
}
MFA_TOTP_ISSUER = "hybridops"
MFA_TOTP_TOLERANCE = 1  # the code before and the one after count too: people type slowly, clocks drift
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("HYBRIDOPS_PROXIES") or 0)
# Single sign-on with the organisation's issuer, for people whom an administrator has added.
SOCIALACCOUNT_ADAPTER = "hybridops.web.adapter.SocialAdapter"
SOCIALACCOUNT_PROVIDERS = environment.single_sign_on()
SOCIALACCOUNT_STORE_TOKENS = False
OTLP_ENDPOINT = os.environ.get(
    "HYBRIDOPS_OTLP_ENDPOINT", ""
)  # such as http://collector:4318; empty sends no traces
TRACE_URL = os.environ.get("HYBRIDOPS_TRACE_URL", "")  # where a trace is looked at, with {trace} in it
METRICS_TOKEN = os.environ.get("HYBRIDOPS_METRICS_TOKEN", "")  # without one nobody reads /metrics
# What asks by itself: how many schedules and hooks a team may have, and how often a hook may be called.
TRIGGERS_OF_A_TEAM = int(os.environ.get("HYBRIDOPS_TRIGGERS_OF_A_TEAM", "50"))
HOOK_CALLS_A_MINUTE = int(os.environ.get("HYBRIDOPS_HOOK_CALLS_A_MINUTE", "60"))
API_CALLS_A_MINUTE = int(os.environ.get("HYBRIDOPS_API_CALLS_A_MINUTE", "600"))  # of one team
LIVE_SOCKETS_A_PERSON = 100  # open pages at one web process; one more stays as it was loaded
# Services and people's command lines get tokens of five minutes; only a digest of one is kept, so it can end at once.
IDP_OIDC_ACCESS_TOKEN_FORMAT = "opaque"  # noqa: S105
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 300
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 12 * 3600  # a person confirms their command line once a day
IDP_OIDC_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]  # none: public clients only
ANONYMOUS_USER_NAME = None  # guardian: no row for nobody; who is not signed in sees nothing
