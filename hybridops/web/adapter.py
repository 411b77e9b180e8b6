"""What allauth asks us: nobody signs up, secrets are encrypted at rest, passkeys belong to our own address."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.encoding import force_bytes


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an administrator: nobody signs up at the door."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


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
