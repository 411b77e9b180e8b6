from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from hybridops.domain.states import NoticeState
from hybridops.outbox.kinds import Pace

_WAITING = Q(state=NoticeState.QUEUED)
_AHEAD = Q(state__in=(NoticeState.QUEUED, NoticeState.GIVEN_UP))


class Notice(models.Model):
    """One thing that leaves the house. `key` names the occasion, so that telling it twice tells it once.

    `attempts` and `next_at` are the sender's; `error` is why the last attempt failed.
    """

    key = models.CharField(max_length=160)
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=10, default=NoticeState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    error = models.CharField(max_length=300, default="", blank=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Message(Notice):
    """A mail to one person. `path` is the page it leads to: a link never does anything."""

    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    pace = models.CharField(max_length=10)
    subject = models.CharField(max_length=160)
    text = models.TextField()
    path = models.CharField(max_length=200)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("key", "to"), name="one_message_an_occasion")
        ]
        indexes: ClassVar = [
            models.Index(fields=("next_at",), condition=_WAITING, name="messages_waiting"),
            models.Index(fields=("to", "-id"), name="messages_of_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to_id}"


class Choice(models.Model):
    """How soon a person wants to hear of a kind; without a row, as the kind says."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    pace = models.CharField(max_length=10, choices=[(pace, pace) for pace in Pace])

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("person", "kind"), name="one_choice_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.pace}"


class Webhook(models.Model):
    """An address of a team that is told. Its secret is derived, never stored; `turn` makes a new one, and for a day
    after `turned_at` the one before counts too.
    """

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    url = models.URLField(max_length=300)
    kinds = models.JSONField()
    turn = models.PositiveIntegerField(default=1)
    turned_at = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


class Outgoing(Notice):
    """One event for one machine: `body` is the exact CloudEvents JSON that is sent.

    What has the same `order`, `run:7`, leaves in the order in which it was written; nothing waits where it is empty.
    """

    order = models.CharField(max_length=80, default="", blank=True)
    body = models.TextField()

    class Meta:
        abstract = True


class Delivery(Outgoing):
    """An event for one webhook; its body is what is signed."""

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("key", "webhook"), name="one_delivery_an_occasion")
        ]
        indexes: ClassVar = [
            models.Index(fields=("next_at",), condition=_WAITING, name="deliveries_waiting"),
            models.Index(fields=("webhook", "order", "id"), condition=_AHEAD, name="deliveries_in_order"),
            models.Index(fields=("webhook", "made_at"), name="deliveries_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.webhook_id}"


class Publication(Outgoing):
    """An event for one broker of the settings, by its name there. `team` is None for what concerns all."""

    broker = models.CharField(max_length=40)
    team = models.ForeignKey("teams.Team", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("key", "broker"), name="one_publication_an_occasion")
        ]
        indexes: ClassVar = [
            models.Index(fields=("broker", "next_at"), condition=_WAITING, name="publications_waiting"),
            models.Index(fields=("broker", "order", "id"), condition=_AHEAD, name="publications_in_order"),
            models.Index(fields=("broker", "made_at"), name="publications_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.broker}"
