"""What programs have asked once: an answer is kept with its key, so that asking again does nothing twice."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Answered(models.Model):
    """One call with an Idempotency-Key. `asked` is the digest of method, address and body."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    asked = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("user", "key"), name="one_answer_a_key")]
        indexes: ClassVar = [models.Index(fields=("made_at",), name="answers_by_age")]

    def __str__(self) -> str:
        return self.key
