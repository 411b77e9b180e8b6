"""Who calls the API: whose token this is, if the token lives and carries the scope."""

from __future__ import annotations

from collections.abc import Callable

from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from hybridops.audit.services import record
from hybridops.domain.errors import NotYours, Refused
from hybridops.teams.access import actor
from hybridops.teams.models import User

PEOPLES_CLIENT = "hybridops-cli"  # people's own tools, by the device flow (RFC 8628)


class NoToken(Refused):
    """Nobody is known by this request: get a token and ask again."""


class NoScope(NotYours):
    """The token is good, but not for this."""


def bearer(request: HttpRequest, scope: str) -> User:
    """Who asks. What was taken away is gone at once: nothing is kept but in the database."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not value:
        raise NoToken("Send a token: Authorization: Bearer …")
    token = Token.objects.lookup(Token.Type.ACCESS_TOKEN, value)
    owner = _person(token) or _machine(token.client) if token else None
    if token is None or owner is None:
        raise NoToken("This token is not known, or it has ended. Ask for another one.")
    if scope not in token.get_scopes():
        raise NoScope(f"This token does not carry {scope}.")
    return owner


def _person(token: Token) -> User | None:
    """An active person who gave their own command line a token; no service is one."""
    if token.client_id != PEOPLES_CLIENT or token.user_id is None:
        return None
    return User.objects.filter(pk=token.user_id, kind=User.PERSON, is_active=True).first()


def _machine(client: Client | None) -> User | None:
    """An active service with an active person who answers for it."""
    if client is None:
        return None
    machines = User.objects.filter(
        kind__in=(User.SERVICE, User.AGENT), is_active=True, sponsor__is_active=True
    )
    return machines.filter(pk=client.owner_id).first()


def command_lines(user: User) -> int:
    """How many command lines this person confirmed that still live."""
    return int(Token.objects.valid().filter(_ONES, user=user).count())


_ONES = Q(client=PEOPLES_CLIENT, type=Token.Type.REFRESH_TOKEN)  # each has exactly one


@transaction.atomic
def end_command_lines(*, user: User) -> int:
    """Ends all of a person's own at once and says how many; where there were none, nothing is recorded."""
    count = command_lines(user)
    Token.objects.filter(client=PEOPLES_CLIENT, user=user).delete()
    if count:
        facts = {"command_lines": count}
        record(stream=f"user:{user.pk}", action="person.command_lines_ended", actor=actor(user), facts=facts)
    return count


def take_as_long(client_id: str, secret: str) -> None:
    """After a refusal: an unknown client costs the hash of a known one, so that no clock tells which there are."""
    if secret and not Client.objects.filter(pk=client_id).exists():
        make_password(secret)


def renewed[T](refresh: str, renew: Callable[[], T]) -> T:
    """Renews, and lets the new refresh token end when the old one would have: a day is a day, however often."""
    if not refresh:  # another grant: its secrets are not compared while the database is held
        return renew()
    with transaction.atomic():
        old = Token.objects.lookup(Token.Type.REFRESH_TOKEN, refresh)
        made = renew()
        if old is not None and old.get_grant_id():
            same = Token.objects.filter(_ONES, user=old.user_id, data__grant_id=old.get_grant_id())
            same.filter(expires_at__gt=old.expires_at).update(expires_at=old.expires_at)
    return made
