from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hybridops.domain.states import BreakerState


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


class Breaker(models.Model):
    """Whether work may go to a backend, or with an empty `backend` to any of a provider: see `domain.breaker`.

    There is none where nothing ever went wrong. `told` says in our words why it is open, `version` grows with every
    move. `since` and `until` are in seconds since 1970.
    """

    provider = models.CharField(max_length=40)
    backend = models.CharField(max_length=60, default="", blank=True)
    state = models.CharField(max_length=10, default=BreakerState.CLOSED)
    since = models.FloatField(default=0)
    until = models.FloatField(null=True)
    openings = models.PositiveIntegerField(default=0)
    trial = models.CharField(max_length=64, default="", blank=True)
    told = models.CharField(max_length=200, default="", blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("provider", "backend"), name="one_breaker_a_place"),
            models.CheckConstraint(
                condition=(Q(state=BreakerState.HALF_OPEN) & ~Q(trial=""))
                | (~Q(state=BreakerState.HALF_OPEN) & Q(trial="")),
                name="half_open_names_its_trial",
            ),
        ]

    def __str__(self) -> str:
        return self.backend or f"all of {self.provider}"


class BreakerMove(models.Model):
    """A move of a breaker: from, to, why, when, and by whom where a person made it."""

    breaker = models.ForeignKey(Breaker, on_delete=models.CASCADE, related_name="moves")
    source = models.CharField(max_length=10)
    target = models.CharField(max_length=10)
    why = models.CharField(max_length=300)
    by = models.CharField(max_length=120, default="", blank=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.breaker_id}: {self.source} to {self.target}"

    @property
    def source_words(self) -> str:
        return self.source.replace("_", " ")

    @property
    def target_words(self) -> str:
        return self.target.replace("_", " ")


class Outcome(models.Model):
    """What the end of one submission says of its backend: sound, or a fault of the vendor's with its kind.

    `whole` faults are of the provider, which did not answer. A bounded number is kept: see `breakers`.
    """

    provider = models.CharField(max_length=40)
    backend = models.CharField(max_length=60)
    job = models.CharField(max_length=64)
    sound = models.BooleanField()
    whole = models.BooleanField(default=False)
    kind = models.CharField(max_length=40, default="", blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("provider", "backend", "-at"), name="backends_outcomes_newest"),)

    def __str__(self) -> str:
        return f"{self.provider}/{self.backend}: {self.kind or 'sound'}"

    @property
    def kind_words(self) -> str:
        return self.kind.replace("_", " ").capitalize()
