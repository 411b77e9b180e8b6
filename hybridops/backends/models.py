from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Snapshot(models.Model):
    """A backend as it was seen: the whole record as canonical JSON, named by its digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    body = models.JSONField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.provider}/{self.name} {self.digest[:8]}"


class Listing(models.Model):
    """The newest observation of each backend: its snapshot, whether it is open, how long the queue is."""

    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT)
    available = models.BooleanField()
    queue_length = models.PositiveIntegerField(null=True)
    wait_seconds = models.FloatField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        unique_together = (("provider", "name"),)

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


class Cap(models.Model):
    """How much a provider (`backend` is empty) or one of its backends takes from us: at once and a minute.

    None is no limit, zero at once closes it for new work. `version` grows with every change by a person.
    """

    provider = models.CharField(max_length=40)
    backend = models.CharField(max_length=60, default="", blank=True)
    at_once = models.PositiveIntegerField(null=True)
    per_minute = models.PositiveIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("provider", "backend"), name="one_cap_a_place"),
            models.CheckConstraint(
                condition=Q(per_minute__isnull=True) | Q(per_minute__gt=0), name="a_rate_lets_something_pass"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.backend}" if self.backend else self.provider


class Observation(models.Model):
    """One look at a backend's queue. A bounded number is kept of each, some minutes apart: see `waiting`."""

    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    seen_at = models.DateTimeField()
    wait_seconds = models.FloatField()

    class Meta:
        indexes = (models.Index(fields=("provider", "name", "seen_at"), name="backends_observation_seen"),)

    def __str__(self) -> str:
        return f"{self.provider}/{self.name} {self.wait_seconds:.0f} s"
