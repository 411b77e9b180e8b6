"""An OpenID Connect issuer of its own: another Django, another database, another process. Run by test_sign_on.py.

Prints its port, then serves. Everybody's password is the one below; consent is given beforehand.
"""

from __future__ import annotations

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

PASSWORD, CLIENT, SECRET = "at the issuer 77x", "hybridops", "told to both sides"
# name → address, and whether the issuer has verified it
PEOPLE = {
    "ines": ("ines@example.org", True), "unverified": ("tomas@example.org", False),
    "stranger": ("stranger@example.org", True), "robot": ("robot@example.org", True),
}  # fmt: skip


def configure() -> None:
    key = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    settings.configure(
        SECRET_KEY="the issuer's", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True, DEBUG=False,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "allauth", "allauth.account", "allauth.idp.oidc"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware"],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": ["django.template.context_processors.request"]}}],
        IDP_OIDC_PRIVATE_KEY=key.decode(), ACCOUNT_EMAIL_VERIFICATION="none", ACCOUNT_RATE_LIMITS=False,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)


def people(back: str) -> None:
    from allauth.account.models import EmailAddress
    from allauth.idp.oidc.models import Client
    from django.contrib.auth import get_user_model

    for name, (address, verified) in PEOPLE.items():
        user = get_user_model().objects.create_user(name, address, PASSWORD)
        EmailAddress.objects.create(user=user, email=address, verified=verified, primary=True)
    client = Client(id=CLIENT, name="hybridops", redirect_uris=back, skip_consent=True)
    client.set_scopes(["openid", "profile", "email"])
    client.set_secret(SECRET)
    client.save()


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    configure()
    urlpatterns = [path("", include("allauth.idp.urls")), path("accounts/", include("allauth.account.urls"))]
    people(sys.argv[1])
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()
