from __future__ import annotations

from django.db import models


class Artifact(models.Model):
    """Bytes known by their SHA-256; the bytes themselves lie in the artifact storage."""

    digest = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=60)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:16]
