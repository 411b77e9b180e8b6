"""A person who is there: what a test brings to a decision that asks who makes it."""

from __future__ import annotations

from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import encrypt

from hybridops.domain import clock
from hybridops.domain.presence import Method, Presence
from hybridops.teams.models import User


def here(method: Method = Method.CODE, ago: float = 0) -> Presence:
    """A proof of presence, so many seconds old."""
    return Presence(method, clock.now() - timedelta(seconds=ago))


def code_of(user: User) -> str:
    """A one-time code that counts now: each call is a new app, since a code counts once."""
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
    secret = totp.generate_totp_secret()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": encrypt(secret)})
    step = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, step)))
