from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from hybridops.domain.states import NoticeState
from hybridops.outbox.kinds import KINDS, Pace

_WAITING = Q(state=NoticeState.QUEUED)


class Notice(models.Model):
    """One thing that leaves the house. `key` names the occasion, so that telling it twice tells it once.

    `attempts` and `next_at` are the sender's; `error` is why the last attempt failed.
    """

    key = models.CharField(max_length=160)
    kind = models.CharField(max_length=40, choices=[(kind, kind) for kind in KINDS])
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
    """An address of a team that is told. Its secret is derived, never stored; `turn` makes a new one."""

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    url = models.URLField(max_length=300)
    kinds = models.JSONField()
    turn = models.PositiveIntegerField(default=1)
    active = models.BooleanField(default=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


class Delivery(Notice):
    """One event for one webhook: `body` is the exact CloudEvents JSON that is signed and sent."""

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    body = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("key", "webhook"), name="one_delivery_an_occasion")
        ]
        indexes: ClassVar = [models.Index(fields=("next_at",), condition=_WAITING, name="deliveries_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.webhook_id}"
