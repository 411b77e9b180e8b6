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
    """One event. `body` holds the exact canonical bytes that the leaf hash covers; rows never change.

    `actor` is kind and id, such as `person:12`. Names and what people wrote lie in `Payload`.
    """

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
            models.Index(fields=("actor", "-id"), name="events_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.action}"


class Payload(models.Model):
    """A personal text beside the log: a name, a reason. Only its salted digest stands in an event.

    `about` is whose it is, as in `AuditEvent.actor`. Erasing empties the row and leaves it standing.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    about = models.CharField(max_length=120)
    field = models.CharField(max_length=40)
    salt = models.CharField(max_length=32)
    text = models.TextField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=("about", "field"), name="payloads_by_person")]

    def __str__(self) -> str:
        return self.text or "(erased)"


class Leaf(models.Model):
    """The place of an event in the log. Given by the sequencer, never changed."""

    index = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="leaf")
    leaf_hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return str(self.index)


class Tile(models.Model):
    """Up to 256 hashes of one level of the tree (see trust/tiles.py). It grows at its end until it is full."""

    place = models.PositiveBigIntegerField(primary_key=True)
    hashes = models.BinaryField(max_length=8192)

    def __str__(self) -> str:
        return str(self.place)


class Log(models.Model):
    """The one growing tree: its size. Whoever gives places or signs holds this row."""

    size = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"log of {self.size}"


class Checkpoint(models.Model):
    """A signed root. `made_at` is the true time that is signed with it, whatever the business clock says."""

    size = models.PositiveBigIntegerField(unique=True)
    note = models.TextField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class Publication(models.Model):
    """What a place outside the database last got: how many events its checkpoint covers, or why it got none."""

    target = models.CharField(max_length=40, primary_key=True)
    size = models.PositiveBigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, default="", blank=True)

    def __str__(self) -> str:
        return self.target
