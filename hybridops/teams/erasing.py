"""An account without its person: no name, no address, no way in. The row stays: votes and runs refer to it."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import make_password
from django.db import transaction

from hybridops.domain.erasure import Erased
from hybridops.domain.errors import Refused
from hybridops.teams.models import User


def erased_of(user: User) -> Erased:
    """How this person is called, before it is erased; raises Refused while the account is active."""
    if user.kind != User.PERSON:
        raise Refused("A service has no personal data. Deactivate it.")
    if user.is_active:
        raise Refused(f"{user} is still active. Deactivate the account and hand over its work first.")
    mark = f"erased person {user.pk}"
    return Erased(user.pk, frozenset(filter(None, (user.name, user.email))) - {mark})


@transaction.atomic(savepoint=False)
def erase(person: Erased) -> None:
    for kept in (EmailAddress, Authenticator, SocialAccount):
        kept.objects.filter(user=person.id).delete()
    User.objects.filter(pk=person.id).update(
        username=f"erased-{person.id}", name=person.mark, first_name="", last_name="", email="",
        password=make_password(None), last_login=None,
    )  # fmt: skip
