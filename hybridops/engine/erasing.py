"""Erasure on request: one person's names, addresses, words and sensitive uploads, in every room at once.

Every proof holds: the log and what is signed have salted digests of names and words only. A legal hold wins over it.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from hybridops.approvals import erasing as approvals
from hybridops.artifacts import removal
from hybridops.audit import services as audit
from hybridops.backends import erasing as backends
from hybridops.definitions import erasing as definitions
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput
from hybridops.experiments import erasing as experiments
from hybridops.experiments import holds, retention
from hybridops.experiments.conduct import subject
from hybridops.outbox import erasing as outbox
from hybridops.quotas import erasing as quotas
from hybridops.teams import erasing as teams
from hybridops.teams.models import User
from hybridops.triggers import erasing as triggers

PERSONAL_CLASSES = ("sensitive", "restricted")


def erase_person(*, user: User, actor: Actor, why: str) -> int:
    """Erases a deactivated person; how many texts of the log went. Twice changes nothing that is left.

    Raises Refused while the account is active, a run of theirs goes on, or a legal hold keeps something.
    """
    if not why.strip():
        raise BadInput("Say why, for the trail.", field="why")
    with transaction.atomic():
        person = teams.erased_of(user)
        holds.check_free(user)
        experiments.check_nothing_open(person)
        under = f"the erasure of person {person.id}"
        retention.take_away(retention.uploads_of(person.id, PERSONAL_CLASSES, under), actor)
        said = approvals.erase(person)
        titles = experiments.erase(person, said)
        definitions.erase(person)
        stopped = quotas.erase(person)
        backends.erase(person)
        triggers.erase(person)
        outbox.erase(person, stopped.union(*said.values()) - {""})
        _erase_titles(titles)
        called = {*person.called, user.username}
        gone = audit.erase(actor=actor, why=why, about=f"person:{person.id}", called=called)
        teams.erase(person)
    removal.clear()
    return gone


def _erase_titles(titles: Mapping[int, str]) -> None:
    """Titles that went are taken out of the requests about these runs, and out of what was told of both."""
    asked = approvals.erase_titles({subject(run): title for run, title in titles.items()})
    runs = {f"/runs/{run}/": title for run, title in titles.items()}
    outbox.erase_titles(runs | {f"/approvals/{pk}/": title for pk, title in asked.items()})
