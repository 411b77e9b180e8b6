from __future__ import annotations

from django.db import models


class Artifact(models.Model):
    """Bytes known by their SHA-256; the bytes themselves lie in the artifact storage.

    What is removed leaves its row: `removed_under` says by which rule, `cleared` that the bytes are gone.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=60)
    made_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)
    removed_under = models.CharField(max_length=200, default="", blank=True)
    cleared = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.digest[:16]
