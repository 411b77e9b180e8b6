"""What allauth asks us: who may come in, how secrets rest, to whom a passkey belongs, whom single sign-on means."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.encoding import force_bytes

from hybridops.teams.models import User
from hybridops.teams.signals import say_access_changed

_SECOND_STEP = "allauth.mfa.stages.AuthenticateStage"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an administrator: nobody signs up at the door, and only people come in by it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: User, **kwargs: object) -> HttpResponse | None:
        if user.kind != User.PERSON:
            return self.respond_user_inactive(request, user)  # type: ignore[no-any-return]
        return super().pre_login(request, user, **kwargs)  # type: ignore[no-any-return]

    def get_login_stages(self) -> list[str]:
        """One click leads into the demo; there, decisions alone ask for the code."""
        stages: list[str] = super().get_login_stages()
        return [stage for stage in stages if not (settings.DEMO and stage == _SECOND_STEP)]

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, str]]:
        """The stronger first: the first one is what is asked."""
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        return sorted(methods, key=lambda method: method["id"] == "reauthenticate")


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """What is signed out elsewhere hears it at once."""

    def end_sessions(self, sessions: list[UserSession]) -> None:
        super().end_sessions(sessions)
        for user_id in {session.user_id for session in sessions}:
            say_access_changed(user_id)


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on finds the person whom an administrator added, by a verified address; it makes nobody."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing:
            return
        verified = {one.email.lower() for one in sociallogin.email_addresses if one.verified is True}
        people = User.objects.annotate(address=Lower("email")).filter(kind=User.PERSON, address__in=verified)
        if len(people) != 1 or request.user.is_authenticated:
            why = "Nobody here has the verified mail address of that account. An administrator can add you."
            raise ImmediateHttpResponse(render(request, "403.html", {"reason": why}, status=403))
        sociallogin.connect(request, people[0])


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """A copied database alone makes no codes: their secrets are encrypted with the installation's own."""

    def encrypt(self, text: str) -> str:
        return _vault().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _vault().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Said by the settings, never by the request: who chooses a Host header must not choose this."""
        origin = settings.CSRF_TRUSTED_ORIGINS[0] if settings.CSRF_TRUSTED_ORIGINS else "http://localhost"
        return {"id": urlsplit(origin).hostname or "localhost", "name": "hybridops"}

    def _get_site_name(self) -> str:
        return "hybridops"


def _vault() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_key(secret))) for secret in secrets])


def _key(secret: str | bytes) -> bytes:
    return hashlib.sha256(b"hybridops authenticators:" + force_bytes(secret)).digest()
