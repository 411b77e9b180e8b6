from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class ApprovalRequest(models.Model):
    """A question to people about one envelope. The envelope's digest is what they agree to.

    `revision` grows when a reviewer narrows the envelope; votes count for the current revision only.
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

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("subject",),
                condition=Q(state__in=("pending", "approved")),
                name="one_open_request_a_subject",
            )
        ]
        indexes: ClassVar = [models.Index(fields=("state", "lapses_at"), name="requests_by_deadline")]

    def __str__(self) -> str:
        return f"A-{self.pk}"


class Decision(models.Model):
    """One vote on one revision, with the signed statement about the digest that was shown. Never changes."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    revision = models.PositiveIntegerField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    by = models.CharField(max_length=120)
    roles = models.JSONField(default=list)
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

    def __str__(self) -> str:
        return f"{self.by}: {self.verdict}"
