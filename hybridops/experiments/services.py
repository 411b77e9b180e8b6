"""What people do with runs: submit, cancel, replay, decide. Each verb is one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from hybridops.approvals import services as approvals
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import request_for
from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict
from hybridops.domain.presence import Presence
from hybridops.domain.risk import CLASSES, EXEMPT
from hybridops.domain.states import LIVE_SUBMISSION, RunState, StageState
from hybridops.domain.workflow import Definition, Fallback
from hybridops.experiments import conduct
from hybridops.experiments.answers import go_on
from hybridops.experiments.books import Book, hold
from hybridops.experiments.models import DataSnapshot, Experiment, Run, Stage
from hybridops.experiments.queries import run_for, snapshots_for
from hybridops.experiments.transitions import Ending, StageMove, apply
from hybridops.quotas import services as quotas
from hybridops.teams.access import actor, check_may, projects_with, voter
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.trust.canonical import digest_of

PLAN = "hybridops.plan/1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for, before it is checked. Money in micro-dollars."""

    project_id: int
    snapshot_id: int
    title: str
    business_outcome: str
    parameters: Mapping[str, Any]
    seed: int
    backend: str
    priority_class: str
    fallback: str
    deadline: datetime | None
    cost_max_micro: int
    anyway: str = ""  # why a QPU is used where the controls do without; research only


def check_project(user: User, project_id: int) -> None:
    """Raises BadInput unless the person may submit in this project."""
    if not projects_with(user, Permission.SUBMIT_RUNS).filter(pk=project_id).exists():
        raise BadInput("Choose a project in which you may submit.", field="project")


@transaction.atomic(savepoint=False)
def submit(
    *,
    user: User,
    wanted: Wanted,
    definition: Definition,
    definition_digest: str,
    classical_micro: int,
    price_book: str,
    submit_key: str,
    replay_of: Run | None = None,
) -> Run:
    """Makes the experiment, the run and its stages, and reserves the classical work.

    The same `submit_key` again answers the same run: a form sent twice is one run. Raises BadInput with
    the field, NoRoom where a budget does not even cover the classical part.
    """
    known = Run.objects.filter(submit_key=submit_key).first()
    if known is not None:
        return run_for(user, known.pk)
    snapshot = _snapshot(user, wanted, definition)
    plan = _plan(wanted, definition, definition_digest, snapshot)
    experiment = _experiment(user, wanted, definition, definition_digest, snapshot)
    run = Run.objects.create(
        experiment=experiment,
        requested_by=user,
        submit_key=submit_key,
        plan=plan,
        plan_digest=digest_of(plan),
        replay_of=replay_of,
        made_at=clock.now(),
    )
    stages = Stage.objects.bulk_create(
        Stage(run=run, key=spec.key, spec=asdict(spec), queue=spec.queue, state=StageState.WAITING)
        for spec in definition.stages
    )
    # A replay has the title of whoever asked first: it is theirs to have erased.
    said = {} if replay_of else {"title": experiment.title, "anyway": experiment.anyway}
    book = Book(run, {stage.key: stage for stage in stages}, {})
    facts = {"plan": run.plan_digest}
    made = apply(run_id=run.pk, known=book, actor=actor(user), facts=facts, personal=said).run
    quotas.reserve(
        key=conduct.classical_key(run.pk),
        run_id=run.pk,
        what="CPU and GPU time",
        amount_micro=classical_micro,
        team_id=experiment.project.team_id,
        project_id=experiment.project_id,
        experiment_id=experiment.pk,
        backend="",
        price_book=price_book,
        actor=actor(user),
    )
    return made


def _snapshot(user: User, wanted: Wanted, definition: Definition) -> DataSnapshot:
    snapshot = snapshots_for(user).filter(pk=wanted.snapshot_id, project_id=wanted.project_id).first()
    if snapshot is None or snapshot.workflow != definition.workflow:
        check_project(user, wanted.project_id)  # the better sentence, where that is what is wrong
        raise BadInput("Choose data of this project that this workflow can read.", field="snapshot")
    return snapshot


def _plan(
    wanted: Wanted, definition: Definition, definition_digest: str, snapshot: DataSnapshot
) -> dict[str, Any]:
    """What the run will do, as canonical JSON: its digest is what the approval and the evidence refer to."""
    if not wanted.title.strip():
        raise BadInput("Give the run a name.", field="title")
    if wanted.priority_class not in CLASSES:
        raise BadInput(f"Choose a priority class: {', '.join(CLASSES)}.", field="priority_class")
    if wanted.fallback not in set(Fallback):
        raise BadInput(
            "Choose what happens without a QPU answer: stop, or the classical answer.", field="fallback"
        )
    if wanted.anyway.strip() and wanted.priority_class != EXEMPT:
        raise BadInput(
            f"Only {EXEMPT} may use a QPU that is not needed. Choose that class, or say no reason.",
            field="anyway",
        )
    if wanted.deadline is not None and wanted.deadline <= clock.now():
        raise BadInput("The finish time is in the past. Choose a later one.", field="deadline")
    if not 0 <= wanted.seed < 2**31:
        raise BadInput("The seed is a whole number from 0 to 2147483647.", field="seed")
    if wanted.cost_max_micro < 0:
        raise BadInput("The cap is zero or more.", field="cost_max")
    return {
        "schema": PLAN,
        "definition": definition_digest,
        "workflow": f"{definition.name} v{definition.version}",
        "family": definition.workflow,
        "data": snapshot.digest,
        "parameters": definition.check_parameters(wanted.parameters),
        "seed": wanted.seed,
        "backend": wanted.backend,
        "priority_class": wanted.priority_class,
        "fallback": wanted.fallback,
        "anyway": bool(wanted.anyway.strip()),
        "deadline": wanted.deadline and wanted.deadline.isoformat(),
        "cost_max_micro": wanted.cost_max_micro,
    }


def _experiment(
    user: User, wanted: Wanted, definition: Definition, digest: str, snapshot: DataSnapshot
) -> Experiment:
    return Experiment.objects.create(
        project_id=wanted.project_id,
        owner=user,
        snapshot=snapshot,
        title=wanted.title.strip()[:120],
        business_outcome=wanted.business_outcome.strip()[:300],
        anyway=wanted.anyway.strip()[:300],
        workflow=definition.name,
        definition_digest=digest,
        priority_class=wanted.priority_class,
        fallback=wanted.fallback,
        deadline=wanted.deadline,
        cost_max_micro=wanted.cost_max_micro,
        made_at=clock.now(),
    )


@transaction.atomic(savepoint=False)
def cancel(*, user: User, run_id: int) -> Run:
    """Asks for a cancel. Without a live submission the run ends now; with one, the provider is asked first."""
    run = run_for(user, run_id)
    check_may(user, Permission.SUBMIT_RUNS, run.experiment.project.team_id)
    if run.outcome:
        raise Conflict(f"{run} has ended already: {run.why}")
    who = actor(user)
    live = run.submissions.filter(state__in=LIVE_SUBMISSION)
    if not live.exists():
        ending = Ending(RunState.CANCELLED, f"Cancelled by {user}.")
        return conduct.finish(run_id=run.pk, ending=ending, actor=who).run
    if run.cancel_requested:
        return run
    wake = [
        StageMove(stage.key, StageState.READY, "a cancel was asked for")
        for stage in run.stages.filter(state=StageState.HELD)
    ]
    return apply(run_id=run.pk, actor=who, stages=wake, cancel=True).run


@transaction.atomic(savepoint=False)
def decide(
    *,
    user: User,
    request_id: int,
    verdict: str,
    digest_shown: str,
    presence: Presence,
    reason: str = "",
    limits: Mapping[str, Any] | None = None,
    on_behalf_id: int | None = None,
) -> ApprovalRequest:
    """A reviewer's decision; where it ends the question, the run that waits for it goes on."""
    seen = request_for(user, request_id)
    check_may(user, Permission.DECIDE, seen.team_id)
    hold(seen.envelope["run"])
    done = approvals.decide(
        user=user,
        request_id=request_id,
        voter=voter(user, seen.team_id),
        actor=actor(user),
        verdict=verdict,
        digest_shown=digest_shown,
        presence=presence,
        reason=reason,
        limits=limits,
        on_behalf_id=on_behalf_id,
    )
    return go_on(done, user)
