"""Notices as people may see them: everybody their own, an operator what could not be delivered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from hybridops.domain.errors import NotYours
from hybridops.domain.states import NoticeState
from hybridops.outbox.brokers import brokers
from hybridops.outbox.kinds import KINDS, Pace
from hybridops.outbox.models import Choice, Delivery, Message, Publication, Webhook
from hybridops.outbox.queue import Row


def messages_of(person_id: int) -> QuerySet[Message]:
    """What one person was or will be told, newest first."""
    return Message.objects.filter(to_id=person_id).order_by("-id")


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where events go: a webhook of a team or a broker of all. `waiting`: how many have not arrived."""

    key: str  # "call:7" or "event:warehouse"
    name: str
    waiting: int
    error: str  # of the oldest that waits, or nothing


def _given_up(
    team_ids: Iterable[int],
) -> dict[str, QuerySet[Message] | QuerySet[Delivery] | QuerySet[Publication]]:
    """What it is → to people of these teams, to their webhooks, about them to brokers; newest first."""
    teams, dead = list(team_ids), NoticeState.GIVEN_UP
    mails = Message.objects.filter(state=dead, to__memberships__team__in=teams).distinct()
    return {
        "mail": mails.select_related("to").order_by("-id"),
        "call": Delivery.objects.filter(state=dead, webhook__team__in=teams)
        .select_related("webhook")
        .order_by("-id"),
        "event": _events_of(teams).filter(state=dead).order_by("-id"),
    }


def _events_of(teams: list[int]) -> QuerySet[Publication]:
    """Events about these teams, and for who operates any of them what concerns all."""
    return (
        Publication.objects.filter(Q(team__in=teams) | Q(team=None)) if teams else Publication.objects.none()
    )


def undelivered(team_ids: Iterable[int]) -> list[tuple[str, Row]]:
    """What was given up in the teams in which the reader operates, each with what it is."""
    return [(what, row) for what, rows in _given_up(team_ids).items() for row in rows[:50]]


def undelivered_count(team_ids: Iterable[int]) -> int:
    return sum(rows.count() for rows in _given_up(team_ids).values())


def notice(what: str, pk: int, team_ids: Iterable[int]) -> Row:
    """One of them by what it is and its number; raises NotYours where there is none."""
    rows = _given_up(team_ids).get(what)
    found = rows.filter(pk=pk).first() if rows is not None else None
    if found is None:
        raise NotYours("There is no such notice.")
    return found


def outlets(team_ids: Iterable[int]) -> list[Outlet]:
    """Every webhook of these teams and, for who operates any, every broker of the settings."""
    teams = list(team_ids)
    hooks = [
        _outlet(f"call:{hook.pk}", hook.url, hook.deliveries.order_by("id")) for hook in webhooks_of(teams)
    ]
    events = _events_of(teams).order_by("id")
    there = brokers() if teams else {}
    return [*hooks, *(_outlet(f"event:{name}", name, events.filter(broker=name)) for name in there)]


def _outlet(key: str, name: str, rows: QuerySet[Delivery] | QuerySet[Publication]) -> Outlet:
    waiting = rows.filter(state=NoticeState.QUEUED)
    first = waiting.first()
    return Outlet(key, name, waiting.count(), first.error if first else "")


def sent_to(key: str, team_ids: Iterable[int]) -> QuerySet[Delivery] | QuerySet[Publication]:
    """What ever was for an outlet, by its key; raises NotYours where it is none of these teams'."""
    teams = list(team_ids)
    what, _, name = key.partition(":")
    if key not in {one.key for one in outlets(teams)}:
        raise NotYours("There is no such webhook or broker.")
    if what == "call":
        return Delivery.objects.filter(webhook=int(name))
    return _events_of(teams).filter(broker=name)


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
