from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class SignedDocument(models.Model):
    """A workflow, policy or price book as signed. What is true of it is read from the envelope only."""

    ACTIVE, RETIRED = "active", "retired"
    kind = models.CharField(max_length=20)
    name = models.SlugField()
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    envelope = models.TextField()
    state = models.CharField(max_length=10, default=ACTIVE)
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
