"""Telling people and machines: written in the transaction of what is told, sent by the courier afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput
from hybridops.outbox.events import emit
from hybridops.outbox.kinds import KINDS, Pace
from hybridops.outbox.models import Choice, Message, Webhook
from hybridops.outbox.targets import check_target

DAILY_AT_HOUR = 7  # in the organisation's time zone


@transaction.atomic(savepoint=False)
def tell(
    *,
    kind: str,
    occasion: str,
    to: Iterable[int],
    team_id: int | None,
    subject: str,
    text: str,
    path: str,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Queues one mail a person, and one event a webhook of the team and a broker. The same occasion is told once.

    Nobody is told of a rehearsed past.
    """
    if clock.is_told():
        return
    _write_messages(kind, occasion, list(to), subject, text, path)
    if team_id is not None:
        said = {"subject": subject, "text": text, **(data or {})}
        emit(kind=kind, occasion=occasion, team_id=team_id, path=path, data=said)


def _write_messages(kind: str, occasion: str, to: list[int], subject: str, text: str, path: str) -> None:
    now, known = clock.now(), KINDS[kind]
    chosen = (
        dict(Choice.objects.filter(person__in=to, kind=kind).values_list("person_id", "pace")) if to else {}
    )
    paces = {person: Pace.NOW if known.urgent else Pace(chosen.get(person, known.pace)) for person in to}
    Message.objects.bulk_create(
        [
            Message(
                key=occasion, kind=kind, to_id=person, pace=pace, subject=subject[:160], text=text,
                path=path, made_at=now, next_at=due(pace, now),
            )
            for person, pace in paces.items()
            if pace != Pace.NEVER
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def due(pace: Pace, now: datetime) -> datetime:
    """When a message of this pace leaves: now, at the next full hour, or at seven tomorrow or today."""
    if pace == Pace.HOURLY:
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if pace == Pace.DAILY:
        local = timezone.localtime(now, timezone.get_default_timezone())
        seven = local.replace(hour=DAILY_AT_HOUR, minute=0, second=0, microsecond=0)
        return seven if seven > local else seven + timedelta(days=1)
    return now


@transaction.atomic(savepoint=False)
def choose(*, person_id: int, paces: Mapping[str, str]) -> None:
    """How soon this person wants to hear of each kind. Urgent kinds cannot be put off."""
    for kind, pace in paces.items():
        if kind not in KINDS or KINDS[kind].urgent or pace not in set(Pace):
            raise BadInput("Choose at once, hourly, daily or never.", field=kind)
        Choice.objects.update_or_create(person_id=person_id, kind=kind, defaults={"pace": pace})


@transaction.atomic(savepoint=False)
def add_webhook(*, team_id: int, url: str, kinds: Iterable[str], actor: Actor) -> Webhook:
    """An address of a team that is told from now on; raises BadInput where it may not be called."""
    wanted = sorted(set(kinds))
    if not wanted or not set(wanted) <= set(KINDS):
        raise BadInput("Choose at least one thing to be told about.", field="kinds")
    check_target(url)
    made = Webhook.objects.create(team_id=team_id, url=url, kinds=wanted, made_at=clock.now())
    facts = {"webhook": made.pk, "url": url, "kinds": wanted}
    record(stream=f"team:{team_id}", action="webhook.added", actor=actor, facts=facts)
    return made


@transaction.atomic(savepoint=False)
def stop_webhook(*, webhook: Webhook, actor: Actor) -> None:
    """It is told nothing more. Stopping it twice changes nothing."""
    if Webhook.objects.filter(pk=webhook.pk, active=True).update(active=False):
        facts = {"webhook": webhook.pk, "url": webhook.url}
        record(stream=f"team:{webhook.team_id}", action="webhook.stopped", actor=actor, facts=facts)


@transaction.atomic(savepoint=False)
def turn_secret(*, webhook: Webhook, actor: Actor) -> None:
    """A new secret. For a day both sign each delivery, so that a receiver changes over without a loss."""
    Webhook.objects.filter(pk=webhook.pk).update(turn=F("turn") + 1, turned_at=clock.now())
    facts = {"webhook": webhook.pk, "url": webhook.url}
    record(stream=f"team:{webhook.team_id}", action="webhook.secret", actor=actor, facts=facts)
