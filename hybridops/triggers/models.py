from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

_GOES = Q(paused_at=None, ended_at=None)


class Trigger(models.Model):
    """Asks for runs while nobody is there, as its owner: what `template`, a run of theirs, asked for, asked again.

    `newest_data`: on the newest data of the project that the workflow reads, instead of the same.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    template = models.ForeignKey("experiments.Run", on_delete=models.PROTECT, related_name="+")
    newest_data = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=100, default="", blank=True)

    class Meta:
        abstract = True


class Schedule(Trigger):
    """`cron` in the time zone `zone`; `next_at` is when it is due next. `catch_up`: one run for what was missed."""

    cron = models.CharField(max_length=100)
    zone = models.CharField(max_length=60)
    catch_up = models.BooleanField(default=False)
    next_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=("next_at",), condition=_GOES, name="schedules_due")]

    def __str__(self) -> str:
        return f"S-{self.pk}"


class Firing(models.Model):
    """One due time of a schedule, once: its run, or why there is none."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="firings")
    due_at = models.DateTimeField()
    run = models.ForeignKey("experiments.Run", null=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=300, default="", blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("schedule", "due_at"), name="one_firing_a_due_time")
        ]


class Hook(Trigger):
    """An address that others call. Its secret is derived, never stored; `turn` makes a new one.

    `allowed`: parameter → [low, high], or its choices; what a call may set, everything else is the template's.
    """

    key = models.CharField(max_length=40, unique=True)
    turn = models.PositiveIntegerField(default=1)
    allowed = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"H-{self.pk}"


class Call(models.Model):
    """One message that a hook took, by its sender's id, and the run it made: it counts once."""

    hook = models.ForeignKey(Hook, on_delete=models.PROTECT, related_name="calls")
    message = models.CharField(max_length=120)
    run = models.ForeignKey("experiments.Run", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("hook", "message"), name="one_call_a_message")
        ]
        indexes: ClassVar = [models.Index(fields=("hook", "made_at"), name="calls_by_time")]
