from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class ApprovalRequest(models.Model):
    """A question to people about one envelope. The envelope's digest is what they agree to.

    `revision` grows when a reviewer narrows the envelope; votes count for the current revision only.
    `claimed_by` is a courtesy with an end, `reminders` how many quarters of the time were told of.
    """

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=80)
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=20)
    revision = models.PositiveIntegerField(default=1)
    envelope = models.JSONField()
    digest = models.CharField(max_length=64)
    assessment = models.JSONField()
    evidence = models.JSONField(default=dict)
    involved = models.JSONField(default=list)
    asked_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("subject",),
                condition=Q(state__in=("pending", "approved")),
                name="one_open_request_a_subject",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=("state", "lapses_at"), name="requests_by_deadline"),
            models.Index(fields=("subject",), name="requests_by_subject"),
        ]

    def __str__(self) -> str:
        return f"A-{self.pk}"


class Revision(models.Model):
    """What was asked at one time: each narrowing leaves the one before it. Never changes."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    envelope = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("request", "number"), name="one_envelope_a_revision")
        ]

    def __str__(self) -> str:
        return f"A-{self.request_id} revision {self.number}"


class Decision(models.Model):
    """One vote on one revision, with the signed statement about the digest that was shown. Never changes.

    `on_behalf`: whose delegation it was made under. `presence`: how it was proved who is there.
    """

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    revision = models.PositiveIntegerField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    by = models.CharField(max_length=200)
    on_behalf = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    roles = models.JSONField(default=list)
    presence = models.CharField(max_length=20, default="")
    verdict = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    limits = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    envelope = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("request", "revision", "person"), name="one_vote_a_person")
        ]
        indexes: ClassVar = [models.Index(fields=("made_at",), name="decisions_by_time")]

    def __str__(self) -> str:
        return f"{self.by}: {self.verdict}"


class Comment(models.Model):
    """A remark beside a request. It decides nothing, whatever it says."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="comments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person} on A-{self.request_id}"


class Delegation(models.Model):
    """`taker` decides in `giver`'s place for a while: shown as both, counted as one, never passed on."""

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(giver=models.F("taker")), name="nobody_delegates_to_oneself"),
            models.CheckConstraint(condition=Q(starts_at__lt=models.F("ends_at")), name="a_delegation_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.taker} for {self.giver}"


class Freeze(models.Model):
    """A time in which only the listed people approve in a team; requests wait, and lapse as always."""

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    approvers = models.JSONField(default=list)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(starts_at__lt=models.F("ends_at")), name="a_freeze_ends")
        ]

    def __str__(self) -> str:
        return self.why


class BreakGlass(models.Model):
    """One use of the emergency door. It is due to be looked at by `need` distinct people of `of`."""

    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="emergency")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    ticket = models.CharField(max_length=80)
    of = models.CharField(max_length=40)
    need = models.PositiveSmallIntegerField()
    used_at = models.DateTimeField()
    review_due_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.person} on A-{self.request_id}, {self.ticket}"


class AfterReview(models.Model):
    """What one person found when looking at a use of the emergency door. Never changes."""

    use = models.ForeignKey(BreakGlass, on_delete=models.PROTECT, related_name="reviews")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    in_order = models.BooleanField()
    text = models.TextField()
    envelope = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("use", "person"), name="one_review_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {'in order' if self.in_order else 'not in order'}"
