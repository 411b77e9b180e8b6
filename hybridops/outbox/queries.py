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


def _given_up(team_ids: Iterable[int]) -> tuple[QuerySet[Message], QuerySet[Delivery]]:
    """To people of these teams, and to their webhooks, newest first."""
    teams = list(team_ids)
    mails = Message.objects.filter(state=NoticeState.GIVEN_UP, to__memberships__team__in=teams).distinct()
    calls = Delivery.objects.filter(state=NoticeState.GIVEN_UP, webhook__team__in=teams)
    return mails.select_related("to").order_by("-id"), calls.select_related("webhook").order_by("-id")


def undelivered(team_ids: Iterable[int]) -> list[Message | Delivery]:
    """What was given up in the teams in which the reader operates."""
    mails, calls = _given_up(team_ids)
    return [*mails[:50], *calls[:50]]


def undelivered_count(team_ids: Iterable[int]) -> int:
    mails, calls = _given_up(team_ids)
    return mails.count() + calls.count()


def notice(what: str, pk: int, team_ids: Iterable[int]) -> Message | Delivery:
    """One of them by what it is and its number; raises NotYours where there is none."""
    mails, calls = _given_up(team_ids)
    rows: QuerySet[Message] | QuerySet[Delivery] | None = {"mail": mails, "call": calls}.get(what)  # type: ignore[assignment]
    found = rows.filter(pk=pk).first() if rows is not None else None
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
    return {
        kind: Pace(chosen.get(kind, told.pace))
        for kind, told in KINDS.items()
        if not (told.urgent or told.machines)
    }
