"""Who calls the API: whose token this is, if the token lives and carries the scope."""

from __future__ import annotations

from allauth.idp.oidc.models import Client, Token
from django.http import HttpRequest

from hybridops.domain.errors import NotYours, Refused
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
