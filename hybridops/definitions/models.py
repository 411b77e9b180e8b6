from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from hybridops.domain.states import DocumentState, DraftState


class SignedDocument(models.Model):
    """A workflow, policy or price book as signed. What is true of it is read from the envelope only."""

    kind = models.CharField(max_length=20)
    name = models.SlugField()
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    envelope = models.TextField()
    state = models.CharField(max_length=10, default=DocumentState.ACTIVE)
    until = models.DateField(null=True)
    successor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=300, default="", blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="authored"
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="approved"
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("kind", "name", "version"), name="one_document_a_version"),
            models.CheckConstraint(
                condition=models.Q(author=None) | ~models.Q(author=models.F("approver")),
                name="nobody_approves_their_own_document",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} v{self.version}"


class Draft(models.Model):
    """A document on its way. `revision` grows with every save, and a save names the one it was made from.

    `trial` is the dry run, `findings` the static checks; both name the digest of the body they are about.
    """

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    name = models.SlugField()
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default=DraftState.EDITED)
    revision = models.PositiveIntegerField(default=1)
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    editors = models.JSONField(default=list)
    source = models.CharField(max_length=64, default="", blank=True)
    source_name = models.CharField(max_length=120, default="", blank=True)
    findings = models.JSONField(default=list)
    trial = models.JSONField(default=dict)
    why = models.CharField(max_length=300, default="", blank=True)
    document = models.ForeignKey(SignedDocument, null=True, on_delete=models.PROTECT, related_name="drafts")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state=DraftState.SIGNED) ^ models.Q(document=None),
                name="a_signed_draft_has_its_document",
            )
        ]
        indexes: ClassVar = [models.Index(fields=("team", "-id"), name="drafts_of_a_team")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} v{self.version}, draft {self.pk}"


class Review(models.Model):
    """What a second person said about one revision, with the signed statement over its digest. Never changes."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="reviews")
    revision = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10)
    reason = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    envelope = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("draft", "revision", "person"), name="one_word_a_reviewer")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.verdict}"


class WeeklyNote(models.Model):
    """What a person decided about a workflow, with the numbers they saw. Never changes."""

    document = models.ForeignKey(SignedDocument, on_delete=models.PROTECT, related_name="notes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10)
    why = models.CharField(max_length=300)
    numbers = models.JSONField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.document}: {self.verdict}"
