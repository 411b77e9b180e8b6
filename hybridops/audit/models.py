from __future__ import annotations

from typing import ClassVar

from django.db import models


class Stream(models.Model):
    """The events of one object, numbered without gaps; `head` is the last number given."""

    name = models.CharField(max_length=80, primary_key=True)
    head = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """One event. `body` holds the exact canonical bytes that the leaf hash covers; rows never change."""

    stream = models.CharField(max_length=80)
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor = models.CharField(max_length=120)
    body = models.TextField()
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("stream", "seq"), name="events_are_numbered")
        ]
        indexes: ClassVar = [
            models.Index(fields=("-at", "-id"), name="events_by_time"),
            models.Index(fields=("action", "-id"), name="events_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.action}"


class Leaf(models.Model):
    """The place of an event in the log. Given by the sequencer, never changed."""

    index = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="leaf")
    leaf_hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return str(self.index)


class Log(models.Model):
    """The one growing tree: its size and right edge, so that appending needs no other leaf."""

    size = models.PositiveBigIntegerField(default=0)
    frontier = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return f"log of {self.size}"


class Checkpoint(models.Model):
    """A signed root. `made_at` is true time, whatever the business clock says."""

    size = models.PositiveBigIntegerField(unique=True)
    note = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"
