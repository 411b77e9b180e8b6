from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce


class Budget(models.Model):
    """A limit in micro-dollars on a team, a project or a backend, over one period.

    `pending` is promised, `posted` is spent, `overrun` is what vendors billed beyond a reservation: it
    is never hidden inside the limit, and it freezes the budget until finance clears it.
    """

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey("teams.Project", null=True, on_delete=models.PROTECT, related_name="+")
    backend = models.CharField(max_length=60, default="", blank=True)
    name = models.CharField(max_length=120)
    starts_on = models.DateField()
    ends_on = models.DateField()
    limit_micro = models.BigIntegerField()
    pending_micro = models.BigIntegerField(default=0)
    posted_micro = models.BigIntegerField(default=0)
    overrun_micro = models.BigIntegerField(default=0)
    frozen = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(pending_micro__gte=0) & Q(posted_micro__gte=0) & Q(overrun_micro__gte=0),
                name="budget_amounts_are_not_negative",
            ),
            models.UniqueConstraint(
                F("team"),
                Coalesce(F("project"), Value(0)),
                F("backend"),
                F("starts_on"),
                name="one_budget_a_scope_and_period",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def free_micro(self) -> int:
        """What may still be promised; never below zero, also after a limit was lowered."""
        return max(0, self.limit_micro - self.pending_micro - self.posted_micro)


class Reservation(models.Model):
    """Money promised before a call, ended exactly once. `key` is made by the caller and never reused."""

    key = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=10)
    run_id = models.BigIntegerField(db_index=True)
    what = models.CharField(max_length=120)
    amount_micro = models.BigIntegerField()
    settled_micro = models.BigIntegerField(null=True)
    price_book = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_micro__gte=0), name="reservation_is_not_negative"),
            models.CheckConstraint(
                condition=Q(settled_micro__isnull=True) | Q(settled_micro__gte=0), name="bill_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class LedgerEntry(models.Model):
    """One line of one budget's ledger; rows never change. Amounts are micro-dollars, never negative."""

    entry_id = models.CharField(max_length=120, unique=True)
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="entries")
    reservation = models.ForeignKey(Reservation, null=True, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10)
    amount_micro = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_micro__gte=0), name="entry_is_not_negative")
        ]
        indexes: ClassVar = [models.Index(fields=("budget", "at"), name="ledger_by_budget")]

    def __str__(self) -> str:
        return self.entry_id


class SpendingStop(models.Model):
    """While a stop stands, no QPU work starts anywhere. `standing` is True or, once lifted, null."""

    why = models.CharField(max_length=300)
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    standing = models.BooleanField(null=True, default=True, unique=True)
    lifted_by = models.CharField(max_length=120, default="", blank=True)
    lifted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.why
