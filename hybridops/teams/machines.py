"""Services and agents: accounts that ask by token, each with a person who answers for it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from allauth.idp.oidc.models import Client
from django.db import transaction

from hybridops.audit.services import record
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Refused
from hybridops.teams import services
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Role

SCOPES = ("runs:read", "runs:submit", "data:write", "money:read", "audit:read")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a service asks for tokens with. The secret is shown once."""

    client_id: str
    secret: str


@transaction.atomic
def add_service(
    *, username: str, name: str, kind: str, sponsor: User, team: Team, actor: Actor
) -> tuple[User, Credentials]:
    """A service or agent that may submit and read in one team; raises BadInput where the name is taken."""
    if kind not in (User.SERVICE, User.AGENT):
        raise BadInput("It is a service or an agent.", field="kind")
    if sponsor.kind != User.PERSON or not sponsor.is_active:
        raise Refused("An active person answers for a service. Choose one.")
    if User.objects.filter(username=username).exists():
        raise BadInput(f"There is a {username} already. Choose another name.", field="username")
    user = User(username=username, name=name, kind=kind, sponsor=sponsor)
    user.set_unusable_password()
    user.save()
    facts = {"username": username, "kind": kind, "sponsor": sponsor.pk}
    record(stream=f"user:{user.pk}", action="service.added", actor=actor, facts=facts)
    services.join(user=user, team=team, role=Role.ANALYST, actor=actor)
    return user, new_secret(user=user, actor=actor)


@transaction.atomic
def new_secret(*, user: User, actor: Actor) -> Credentials:
    """Another secret; the one before and its tokens end at once."""
    if user.kind == User.PERSON or not user.is_active:
        raise Refused("Only an active service or agent has a secret.")
    Client.objects.filter(owner=user).delete()
    made = Credentials(f"{user.username}-{secrets.token_hex(4)}", secrets.token_urlsafe(32))
    client = Client(id=made.client_id, name=user.name, owner=user, type=Client.Type.CONFIDENTIAL)
    client.grant_types = Client.GrantType.CLIENT_CREDENTIALS
    client.set_scopes(list(SCOPES))
    client.set_default_scopes(["runs:read"])
    client.set_secret(made.secret)
    client.save()
    record(stream=f"user:{user.pk}", action="service.secret", actor=actor, facts={"client": made.client_id})
    return made
