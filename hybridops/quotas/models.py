from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce


class Budget(models.Model):
    """Limits on the organisation, a team, a project or an experiment, on all backends or one, over one period.

    `pending` is promised, `posted` is spent, `overrun` is what vendors billed beyond a reservation: it
    is never hidden inside the limit, and it freezes the budget until finance clears it. Money is limited always,
    shots and QPU milliseconds where a limit of theirs is set; all are counted. A closed one takes no entries.
    """

    team = models.ForeignKey("teams.Team", null=True, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey("teams.Project", null=True, on_delete=models.PROTECT, related_name="+")
    experiment_id = models.BigIntegerField(null=True)
    backend = models.CharField(max_length=60, default="", blank=True)
    name = models.CharField(max_length=120)
    starts_on = models.DateField()
    ends_on = models.DateField()
    limit_micro = models.BigIntegerField()
    pending_micro = models.BigIntegerField(default=0)
    posted_micro = models.BigIntegerField(default=0)
    overrun_micro = models.BigIntegerField(default=0)
    limit_shots = models.BigIntegerField(null=True)
    pending_shots = models.BigIntegerField(default=0)
    posted_shots = models.BigIntegerField(default=0)
    limit_qpu_ms = models.BigIntegerField(null=True)
    pending_qpu_ms = models.BigIntegerField(default=0)
    posted_qpu_ms = models.BigIntegerField(default=0)
    frozen = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(pending_micro__gte=0) & Q(posted_micro__gte=0) & Q(overrun_micro__gte=0),
                name="budget_amounts_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(pending_shots__gte=0)
                & Q(posted_shots__gte=0)
                & Q(pending_qpu_ms__gte=0)
                & Q(posted_qpu_ms__gte=0),
                name="budget_quantities_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(project=None) | Q(team__isnull=False), name="a_project_is_of_a_team"
            ),
            models.UniqueConstraint(
                Coalesce(F("team"), Value(0)),
                Coalesce(F("project"), Value(0)),
                Coalesce(F("experiment_id"), Value(0)),
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

    def free_of(self, unit: str) -> int:
        """The same in shots or QPU milliseconds, where they are limited."""
        limit, pending, posted = (
            int(getattr(self, f"{part}_{unit}")) for part in ("limit", "pending", "posted")
        )
        return max(0, limit - pending - posted)

    @property
    def scope(self) -> dict[str, Any]:
        """What it limits, whatever the period."""
        return {name: getattr(self, name) for name in ("team_id", "project_id", "experiment_id", "backend")}


class Reservation(models.Model):
    """Money, shots and QPU time promised before a call, ended exactly once.

    `key` is made by the caller and never reused. `settled_micro` is what it cost as far as is known now: a bill, and
    after it the corrections that were booked. The rest of its story is in the ledger.
    """

    key = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=10)
    run_id = models.BigIntegerField(db_index=True)
    what = models.CharField(max_length=120)
    amount_micro = models.BigIntegerField()
    settled_micro = models.BigIntegerField(null=True)
    shots = models.BigIntegerField(default=0)
    qpu_ms = models.BigIntegerField(default=0)
    price_book = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=("run_id",), condition=Q(state="held"), name="held_reservations")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_micro__gte=0), name="reservation_is_not_negative"),
            models.CheckConstraint(
                condition=Q(settled_micro__isnull=True) | Q(settled_micro__gte=0), name="bill_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class LedgerEntry(models.Model):
    """One movement in one budget's ledger, in one unit; rows never change.

    The six accounts' changes add up to zero (domain/ledger.py), which the database checks. `amount` is how much it
    is about, never negative. `line` is the bill that an ADJUST follows, `corrects` the closed budget it is for.
    """

    entry_id = models.CharField(max_length=120, unique=True)
    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="entries")
    reservation = models.ForeignKey(Reservation, null=True, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10)
    unit = models.CharField(max_length=6, default="micro")
    amount = models.BigIntegerField()
    available = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    posted = models.BigIntegerField(default=0)
    overrun = models.BigIntegerField(default=0)
    contingency = models.BigIntegerField(default=0)
    source = models.BigIntegerField(default=0)
    line = models.ForeignKey("InvoiceLine", null=True, on_delete=models.PROTECT, related_name="entries")
    corrects = models.ForeignKey(Budget, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="entry_is_not_negative"),
            models.CheckConstraint(
                condition=Q(
                    source=-F("available") - F("pending") - F("posted") - F("overrun") - F("contingency")
                ),
                name="entry_adds_up_to_zero",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=("budget", "at"), name="ledger_by_budget")]

    def __str__(self) -> str:
        return self.entry_id


class Day(models.Model):
    """What one budget spent on one day that is over, in micro-dollars: its entries added up (quotas/burning.py)."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    micro = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("budget", "day"), name="one_sum_a_budget_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} on {self.day}"


class Invoice(models.Model):
    """A vendor's bill as it was imported, once. `digest` is of the file's bytes."""

    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=40)
    number = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    by = models.ForeignKey("teams.User", on_delete=models.PROTECT, related_name="+")
    imported_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("team", "provider", "number"), name="one_import_an_invoice")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.number}"


class InvoiceLine(models.Model):
    """One job on a bill. `amount_micro` is in millionths of `currency`, `billed_micro` in micro-dollars at `rate`.

    `booked_micro` is what the ledger said when it was matched. `how` it ended: the same as booked, the difference
    booked, or set aside by a person; while empty, a person has to look.
    """

    SAME, BOOKED, ASIDE = "same", "booked", "aside"
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    line = models.PositiveIntegerField()
    job = models.CharField(max_length=120)
    day = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    amount_micro = models.BigIntegerField()
    rate = models.CharField(max_length=120)
    billed_micro = models.BigIntegerField()
    reservation = models.ForeignKey(Reservation, null=True, on_delete=models.PROTECT, related_name="billed")
    booked_micro = models.BigIntegerField(null=True)
    how = models.CharField(max_length=6, default="", blank=True)
    why = models.CharField(max_length=300, default="", blank=True)
    ended_by = models.ForeignKey("teams.User", null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("invoice", "line"), name="invoice_lines_are_numbered")
        ]
        indexes: ClassVar = [
            models.Index(fields=("invoice",), condition=Q(how=""), name="lines_that_need_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}:{self.line}"

    @property
    def difference_micro(self) -> int | None:
        """Billed more than booked, or less; None where nothing of ours fits."""
        return None if self.booked_micro is None else self.billed_micro - self.booked_micro


class Change(models.Model):
    """What one person of finance proposes and another confirms: a new limit, or the difference of a bill.

    Open until `decided_at`; `confirmed` says which way.
    """

    budget = models.ForeignKey(Budget, null=True, on_delete=models.PROTECT, related_name="changes")
    line = models.ForeignKey(InvoiceLine, null=True, on_delete=models.PROTECT, related_name="changes")
    from_micro = models.BigIntegerField()
    to_micro = models.BigIntegerField()
    why = models.CharField(max_length=300)
    by = models.ForeignKey("teams.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey("teams.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("budget",), condition=Q(decided_at=None), name="one_open_change_a_budget"
            ),
            models.UniqueConstraint(
                fields=("line",), condition=Q(decided_at=None), name="one_open_change_a_line"
            ),
            models.CheckConstraint(
                condition=Q(budget=None, line__isnull=False) | Q(budget__isnull=False, line=None),
                name="a_change_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(confirmed=False) | ~Q(decided_by=F("by")),
                name="nobody_confirms_a_change_of_theirs",
            ),
        ]

    def __str__(self) -> str:
        return f"change {self.pk}"


class SpendingStop(models.Model):
    """While a stop stands, no QPU work starts anywhere. `standing` is True or, once lifted, null.

    `backup_at`: the house was restored from a copy of that time. Then the stop is lifted only after every provider was
    asked (`asked_at`) about what the copy does not know; `found` are the jobs that it has no submission of.
    """

    why = models.CharField(max_length=300)
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    standing = models.BooleanField(null=True, default=True, unique=True)
    lifted_by = models.CharField(max_length=120, default="", blank=True)
    lifted_at = models.DateTimeField(null=True)
    backup_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    found = models.JSONField(default=list, db_default=Value([], models.JSONField()))

    def __str__(self) -> str:
        return self.why
