"""What an ended run says, in one narrow row: what pages of evidence count, without opening a summary."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

PAIR, AGAIN, UNTRIED, IDEAL = "pair", "again", "untried", "ideal"


class Outcome(models.Model):
    """One ended run. Written in the transaction that ends it; only late bills change it afterwards.

    `counts`: PAIR for the first run of a definition on a snapshot that was sent and ended, AGAIN for later ones,
    IDEAL for one on a simulator without noise, UNTRIED where nothing was ever sent. Objectives are those of the arms,
    lower is better; `best` is the lowest of any arm. Times in seconds: `wait` from sending until a submission was
    first seen running (or ended, where it never was), `busy` of all stages. `late` is None without a deadline.
    `replaced_at`: when a later accepted run on the same data, of the same workflow, reached a lower `best`.
    """

    run = models.OneToOneField(
        "experiments.Run", on_delete=models.CASCADE, primary_key=True, related_name="told"
    )
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+", db_index=False)
    # Null nowhere: what filled the column came after it, and SQLite would write the table anew to say so.
    project = models.ForeignKey(
        "teams.Project", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    snapshot = models.ForeignKey("experiments.DataSnapshot", on_delete=models.PROTECT, related_name="+")
    workflow = models.SlugField(db_index=False)
    definition = models.CharField(max_length=64)
    outcome = models.CharField(max_length=20)
    counts = models.CharField(max_length=10)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    provider = models.CharField(max_length=40, default="", blank=True)
    backend = models.CharField(max_length=60, default="", blank=True)
    calibration = models.CharField(max_length=64, default="", blank=True)
    quantum = models.FloatField(null=True)
    baseline = models.FloatField(null=True)
    random = models.FloatField(null=True)
    heuristic = models.FloatField(null=True)
    ideal = models.FloatField(null=True)
    best = models.FloatField(null=True)
    credit = models.CharField(max_length=20, default="", blank=True)
    wait_seconds = models.FloatField(null=True)
    busy_seconds = models.FloatField(default=0)
    sent = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    whole = models.PositiveIntegerField(default=0)
    retries = models.PositiveIntegerField(default=0)
    fell_back = models.BooleanField(default=False)
    late = models.BooleanField(null=True)
    replaced_at = models.DateTimeField(null=True)
    cost_micro = models.BigIntegerField(default=0)
    qpu_micro = models.BigIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=("definition", "counts", "team", "ended_at"), name="outcomes_by_rule"),
            models.Index(fields=("workflow", "team", "made_at"), name="outcomes_by_workflow"),
            # Cost pages add up long stretches of it and open no row for that.
            models.Index(
                fields=(
                    "team",
                    "made_at",
                    "project",
                    "backend",
                    "workflow",
                    "outcome",
                    "cost_micro",
                    "qpu_micro",
                ),
                name="outcomes_by_money",
            ),
            models.Index(fields=("team", "outcome", "workflow"), name="outcomes_by_end"),
            models.Index(fields=("definition", "team", "-run"), name="outcomes_newest"),
            models.Index(  # what a better answer on the same data takes the place of
                fields=("snapshot", "workflow", "outcome", "best"),
                condition=models.Q(replaced_at=None),
                name="outcomes_in_their_place",
            ),
        ]

    def __str__(self) -> str:
        return f"what R-{self.pk} said"


class Tally(models.Model):
    """The outcomes of one signed definition on one snapshot, added up by what counts and how they ended.

    As old as the rows it adds up: both are written in one transaction. Pages read these few instead of every run.
    """

    definition = models.CharField(max_length=64)
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    snapshot = models.ForeignKey("experiments.DataSnapshot", on_delete=models.PROTECT, related_name="+")
    counts = models.CharField(max_length=10)
    outcome = models.CharField(max_length=20)
    runs = models.PositiveIntegerField(default=0)
    cost_micro = models.BigIntegerField(default=0)
    qpu_micro = models.BigIntegerField(default=0)
    best = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("definition", "snapshot", "counts", "outcome"), name="one_tally_a_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.runs} {self.counts} on {self.snapshot_id}"
