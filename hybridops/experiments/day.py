"""Runs of days that are over, added up: `summed_days.py` writes it, `unit_sums.py` and `cells.py` read it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class SummedDay(models.Model):
    """A day whose ended runs were added up: those submitted from `begins_at` on and before `ends_at`.

    `last_ended_at`: when the last of them ended, None where there were none.
    """

    begins_at = models.DateTimeField(primary_key=True)
    ends_at = models.DateTimeField()
    last_ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.begins_at:%Y-%m-%d %H:%M}"


class DayBlock(models.Model):
    """A team's runs of a summed day on the data sets of one block; the columns are those of `unit_costs.Block`.

    `stayed_7`: accepted, and neither replaced nor their data removed within seven days of their end.
    """

    begins_at = models.DateTimeField()
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+", db_index=False)
    block = models.PositiveSmallIntegerField()
    runs = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    finished = models.PositiveIntegerField()
    compared = models.PositiveIntegerField()
    pairs = models.PositiveIntegerField()
    micro = models.BigIntegerField()
    qpu_micro = models.BigIntegerField()
    accepted_micro = models.BigIntegerField()
    tried_micro = models.BigIntegerField()
    gain = models.FloatField()
    stayed_7 = models.PositiveIntegerField()
    stayed_30 = models.PositiveIntegerField()
    stayed_90 = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("team", "begins_at", "block"), name="one_sum_a_block_and_day")
        ]

    def __str__(self) -> str:
        return f"block {self.block} of {self.begins_at:%Y-%m-%d %H:%M}"


class DayStep(models.Model):
    """A team's runs of a summed day by the step at which they stopped, refused or not, late or not."""

    begins_at = models.DateTimeField()
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+", db_index=False)
    lost = models.CharField(max_length=20)
    refused = models.PositiveSmallIntegerField()
    overdue = models.PositiveSmallIntegerField()
    runs = models.PositiveIntegerField()
    micro = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("team", "begins_at", "lost", "refused", "overdue"), name="one_sum_a_step_and_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lost} on {self.begins_at:%Y-%m-%d %H:%M}"


class DayMoney(models.Model):
    """A team's runs of a summed day by project, backend, workflow and outcome, with their money in micro-dollars."""

    begins_at = models.DateTimeField()
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+", db_index=False)
    project = models.ForeignKey("teams.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    backend = models.CharField(max_length=60, default="", blank=True)
    workflow = models.SlugField(db_index=False)
    outcome = models.CharField(max_length=20)
    runs = models.PositiveIntegerField()
    cost_micro = models.BigIntegerField()
    qpu_micro = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("team", "begins_at", "project", "backend", "workflow", "outcome"),
                name="one_sum_a_cell_and_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} of {self.workflow} on {self.begins_at:%Y-%m-%d %H:%M}"


class Touched(models.Model):
    """The row of a run that was submitted at `made_at`, on a day that is over, came or changed.

    Its day is read from the runs until it is added up again. Only ever inserted on a run's way: no row to wait for.
    """

    made_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"
