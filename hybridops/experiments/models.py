from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from hybridops.domain.states import RunState
from hybridops.domain.workflow import StageSpec
from hybridops.experiments import day, outcome  # noqa: F401  # models of this app in files of their own


class DataSnapshot(models.Model):
    """Input data as it was: bytes by digest, with what the parser said of them.

    `owner` answers for its class and regions; who added it never decides on its runs. Retention takes the
    bytes away (`removed_at`, under which rule) and leaves the row and the digest.
    """

    project = models.ForeignKey("teams.Project", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    filename = models.CharField(max_length=120)
    workflow = models.SlugField()
    digest = models.CharField(max_length=64)
    summary = models.JSONField()
    data_class = models.CharField(max_length=20, default="internal")
    regions = models.JSONField(default=list)
    class_why = models.CharField(max_length=300, default="", blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True)
    removed_under = models.CharField(max_length=200, default="", blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("project", "digest"), name="one_snapshot_a_content")
        ]

    def __str__(self) -> str:
        return self.name


class Experiment(models.Model):
    """A question on a data snapshot, stated before any circuit is named."""

    project = models.ForeignKey("teams.Project", on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    snapshot = models.ForeignKey(DataSnapshot, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    business_outcome = models.CharField(max_length=300)
    anyway = models.CharField(max_length=300, default="", blank=True)
    workflow = models.SlugField()
    definition_digest = models.CharField(max_length=64)
    priority_class = models.CharField(max_length=20)
    fallback = models.CharField(max_length=20)
    deadline = models.DateTimeField(null=True)
    cost_max_micro = models.BigIntegerField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class Run(models.Model):
    """One execution. `state` is the cached projection of the machines; only transitions.py writes it."""

    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="runs")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submit_key = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=20, default=RunState.QUEUED)
    outcome = models.CharField(max_length=20, default="", blank=True)
    why = models.CharField(max_length=500, default="", blank=True)
    version = models.PositiveBigIntegerField(default=0)
    plan = models.JSONField()
    plan_digest = models.CharField(max_length=64)
    cancel_requested = models.BooleanField(default=False)
    replay_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replays")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=("-id",), name="runs_newest_first"),
            models.Index(fields=("state", "-id"), name="runs_by_state"),
            models.Index(fields=("-ended_at",), name="runs_by_end"),
            models.Index(fields=("id",), condition=Q(ended_at=None), name="open_runs"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome="", ended_at__isnull=True) | (~Q(outcome="") & Q(ended_at__isnull=False)),
                name="an_ended_run_has_an_outcome",
            )
        ]

    def __str__(self) -> str:
        return f"R-{self.pk}"

    @property
    def parameters(self) -> dict[str, Any]:
        """As signed into the plan."""
        return dict(self.plan["parameters"])


class Stage(models.Model):
    """A node of the run's DAG. `fence` grows with every claim; a completion must bring the same fence.

    `lease_until` is in seconds of the database's clock; `losses` counts the workers that died on it. `made_from` is
    the digest of all that its result was computed from.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="stages")
    key = models.SlugField()
    spec = models.JSONField()
    queue = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    fence = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=80, default="", blank=True)
    lease_until = models.FloatField(null=True)
    ready_since = models.FloatField(null=True)
    why = models.CharField(max_length=500, default="", blank=True)
    progress = models.FloatField(default=0)
    progress_text = models.CharField(max_length=120, default="", blank=True)
    summary = models.JSONField(default=dict)
    made_from = models.CharField(max_length=64, default="", blank=True)
    device = models.CharField(max_length=80, default="", blank=True)
    seconds = models.FloatField(null=True)
    peak_bytes = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("run", "key"), name="one_stage_a_key")]
        indexes: ClassVar = [
            models.Index(
                fields=("state", "lease_until"),
                condition=Q(state__in=("ready", "running", "held")),
                name="open_stages",
            ),
            models.Index(fields=("made_from",), condition=~Q(made_from=""), name="stages_by_input"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.key}"

    def described(self) -> StageSpec:
        """The stage as the signed definition has it."""
        return StageSpec(**{**self.spec, "needs": tuple(self.spec["needs"])})


class Submission(models.Model):
    """Our record of one job at a provider: enough to reproduce it, and who pays for it."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="submissions")
    ordinal = models.PositiveIntegerField()
    key = models.CharField(max_length=64, unique=True)
    reservation = models.CharField(max_length=80)
    fence = models.PositiveIntegerField()
    state = models.CharField(max_length=12)
    provider = models.CharField(max_length=40)
    backend = models.CharField(max_length=60)
    region = models.CharField(max_length=40)
    snapshot = models.CharField(max_length=64)
    program = models.CharField(max_length=64)
    template = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    bindings = models.JSONField(default=list)
    versions = models.JSONField(default=dict)
    shots = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    job_id = models.CharField(max_length=120, default="", blank=True)
    raw_status = models.CharField(max_length=120, default="", blank=True)
    error = models.CharField(max_length=500, default="", blank=True)
    result = models.CharField(max_length=64, default="", blank=True)
    shots_done = models.PositiveIntegerField(null=True)
    looked_up = models.PositiveIntegerField(default=0)
    poll_after = models.FloatField(default=0)
    settled = models.BooleanField(default=False)
    cost_micro = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("run", "ordinal"), name="submissions_are_numbered")
        ]
        indexes: ClassVar = [
            models.Index(fields=("poll_after",), condition=Q(settled=False), name="unsettled_submissions"),
            models.Index(fields=("ended_at",), condition=Q(settled=True), name="settled_submissions"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.ordinal}"


class Placement(models.Model):
    """One recorded decision of the scheduler, with its reason and the rejected alternatives."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="placements")
    stage = models.SlugField()
    document = models.JSONField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.run_id}/{self.stage}"


class Turn(models.Model):
    """Work that waits for its turn at a backend. It goes once the turn is used, or the work has gone another way.

    `listed` are all approved pairs of provider and backend, `open_to` those that it waits for now. A grant names one
    of them in `provider` and `backend` and lapses at `until`, in seconds of the database's clock; `shots` is what the
    grant leaves of each circuit's shots, 0 for all. `rungs` are the ways out that were taken, in order.
    """

    stage = models.OneToOneField(Stage, on_delete=models.CASCADE, primary_key=True, related_name="turn")
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    priority_class = models.CharField(max_length=20)
    asked_at = models.DateTimeField()
    not_after = models.DateTimeField()
    cost_micro = models.BigIntegerField()
    listed = models.JSONField()
    open_to = models.JSONField()
    rungs = models.JSONField(default=list)
    shots = models.PositiveIntegerField(default=0)
    provider = models.CharField(max_length=40, default="", blank=True)
    backend = models.CharField(max_length=60, default="", blank=True)
    granted_at = models.DateTimeField(null=True)
    until = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"the turn of {self.stage_id}"


class LegalHold(models.Model):
    """While it stands, nothing of a run, a project or a person is removed or erased. It is lifted, never deleted."""

    RUN, PROJECT, PERSON = "run", "project", "person"
    kind = models.CharField(max_length=10)
    about = models.PositiveBigIntegerField()
    why = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)
    lifted_why = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("kind", "about"), condition=Q(lifted_at=None), name="one_standing_hold_a_thing"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="somebody_lifts_a_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk} on {self.kind} {self.about}"
