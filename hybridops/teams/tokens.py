"""Who calls the API: the service whose token this is, if the token lives and carries the scope."""

from __future__ import annotations

from allauth.idp.oidc.models import Client, Token
from django.http import HttpRequest

from hybridops.domain.errors import NotYours, Refused
from hybridops.teams.models import User


class NoToken(Refused):
    """Nobody is known by this request: get a token and ask again."""


class NoScope(NotYours):
    """The token is good, but not for this."""


def bearer(request: HttpRequest, scope: str) -> User:
    """The service or agent that asks. What was taken away is gone at once: nothing is kept but in the database."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not value:
        raise NoToken("Send a token: Authorization: Bearer …")
    token = Token.objects.lookup(Token.Type.ACCESS_TOKEN, value)
    owner = _owner(token.client) if token else None
    if token is None or owner is None:
        raise NoToken("This token is not known, or it has ended. Ask for another one.")
    if scope not in token.get_scopes():
        raise NoScope(f"This token does not carry {scope}.")
    return owner


def _owner(client: Client | None) -> User | None:
    """An active service with an active person who answers for it; persons never come in by token."""
    if client is None:
        return None
    machines = User.objects.filter(
        kind__in=(User.SERVICE, User.AGENT), is_active=True, sponsor__is_active=True
    )
    return machines.filter(pk=client.owner_id).first()
