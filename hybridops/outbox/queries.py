"""Notices as people may see them: everybody their own, an operator what could not be delivered."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from hybridops.domain.errors import NotYours
from hybridops.domain.states import NoticeState
from hybridops.outbox.kinds import KINDS, Pace
from hybridops.outbox.models import Choice, Delivery, Message, Webhook


def messages_of(person_id: int) -> QuerySet[Message]:
    """What one person was or will be told, newest first."""
    return Message.objects.filter(to_id=person_id).order_by("-id")


def undelivered() -> list[Message | Delivery]:
    """What was given up, newest first. The caller has asked whether the reader operates here."""
    mails = Message.objects.filter(state=NoticeState.GIVEN_UP).select_related("to").order_by("-id")[:50]
    calls = Delivery.objects.filter(state=NoticeState.GIVEN_UP).select_related("webhook").order_by("-id")[:50]
    return [*mails, *calls]


def undelivered_count() -> int:
    given_up = NoticeState.GIVEN_UP
    return Message.objects.filter(state=given_up).count() + Delivery.objects.filter(state=given_up).count()


def notice(what: str, pk: int) -> Message | Delivery:
    """One notice by what it is and its number; raises NotYours where there is none."""
    kinds: dict[str, type[Message] | type[Delivery]] = {"mail": Message, "call": Delivery}
    found = kinds[what]._default_manager.filter(pk=pk).first() if what in kinds else None
    if found is None:
        raise NotYours("There is no such notice.")
    return found


def webhooks_of(team_ids: Iterable[int]) -> QuerySet[Webhook]:
    """The webhooks of these teams that are told, in order."""
    return (
        Webhook.objects.filter(team_id__in=list(team_ids), active=True).select_related("team").order_by("id")
    )


def paces_of(person_id: int) -> dict[str, Pace]:
    """How soon a person hears of each kind that can be put off."""
    chosen = dict(Choice.objects.filter(person_id=person_id).values_list("kind", "pace"))
    return {kind: Pace(chosen.get(kind, told.pace)) for kind, told in KINDS.items() if not told.urgent}
