"""Input data: listed with its class and the regions it may reach, changed later only with a reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from hybridops.approvals import services as approvals
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.data import check_class, chosen_regions, is_tighter
from hybridops.domain.errors import BadInput, NotYours
from hybridops.domain.states import RequestState
from hybridops.experiments import conduct
from hybridops.experiments.books import hold
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.experiments.services import check_project
from hybridops.teams.access import actor, may, teams_with
from hybridops.teams.models import Project, User
from hybridops.teams.permissions import Permission

TIGHTER = "the data it uses is held tighter now"


@transaction.atomic(savepoint=False)
def add_snapshot(
    *,
    user: User,
    project_id: int,
    name: str,
    filename: str,
    workflow: str,
    digest: str,
    summary: Mapping[str, Any],
    data_class: str = "internal",
    regions: Collection[str] = (),
    why: str = "",
) -> DataSnapshot:
    """Lists checked input data in a project. The same bytes in the same project are the same snapshot,
    with the class it has; removed bytes that are given again are listed anew. `why`: for looser than usual.
    """
    check_project(user, project_id)
    check_class(data_class)
    home = Project.objects.get(pk=project_id).home_region
    kept = list(chosen_regions(data_class, regions, why, home=home))
    marks = {"data_class": data_class, "regions": kept, "class_why": why.strip()[:300]}
    whose = {"owner": user, "added_by": user, "added_at": clock.now()}
    made = {
        **marks,
        **whose,
        "name": name[:120] or filename[:120],
        "filename": filename[:120],
        "workflow": workflow,
        "summary": dict(summary),
    }
    snapshot, new = DataSnapshot.objects.get_or_create(project_id=project_id, digest=digest, defaults=made)
    if snapshot.removed_at is not None:
        DataSnapshot.objects.filter(pk=snapshot.pk).update(
            data_class=data_class, regions=kept, class_why=marks["class_why"], owner=user, added_by=user,
            added_at=whose["added_at"], removed_at=None, removed_under="",
        )  # fmt: skip
        snapshot.refresh_from_db()
        new = True
    if new:
        _record(snapshot, "added", actor(user), {"digest": digest}, {"called": snapshot.name, "why": why})
    return snapshot


@transaction.atomic(savepoint=False)
def change_class(
    *, user: User, snapshot_id: int, data_class: str, regions: Collection[str], why: str
) -> DataSnapshot:
    """Another class or other regions, by the owner or an administrator, with a reason.

    Where it is tighter, what is open on the old marks is stale: it is placed and asked about again.
    """
    seen = snapshot_for(user, snapshot_id)
    check_may_change(user, seen)
    check_class(data_class)
    if not why.strip():
        raise BadInput("Say why, for the trail.", field="why")
    snapshot = DataSnapshot.objects.select_for_update().get(pk=seen.pk)
    home = seen.project.home_region
    before = (snapshot.data_class, list(snapshot.regions))
    snapshot.regions = list(chosen_regions(data_class, regions, why, home=home))
    snapshot.data_class, snapshot.class_why = data_class, why.strip()[:300]
    snapshot.save()
    facts = {"before": {"data_class": before[0], "regions": before[1]}}
    _record(snapshot, "changed", actor(user), facts, {"why": why})
    if is_tighter(data_class, snapshot.regions, than=before, home=home):
        _ask_again(snapshot, actor(user))
    return snapshot


def _ask_again(snapshot: DataSnapshot, by: Actor) -> None:
    """Open requests about runs on this data are stale; those runs look again."""
    runs = Run.objects.filter(experiment__snapshot=snapshot, ended_at=None).order_by("pk")
    hold(*(run.pk for run in runs))
    for run in runs:
        request = approvals.open_for(conduct.subject(run.pk))
        if request is not None:
            approvals.close(request_id=request.pk, target=RequestState.STALE, why=TIGHTER, actor=by)
            conduct.inbox_changed(request.pk)
            conduct.wake_gate(run.pk, TIGHTER, by)


def _record(
    snapshot: DataSnapshot, verb: str, by: Actor, facts: Mapping[str, Any], personal: Mapping[str, str]
) -> None:
    told = {"data_class": snapshot.data_class, "regions": snapshot.regions, **facts}
    stream = f"snapshot:{snapshot.pk}"
    record(stream=stream, action=f"snapshot.{verb}", actor=by, facts=told, personal=personal)


def may_change(user: User, snapshot: DataSnapshot) -> bool:
    """Whether this person may change its class: its owner while still of the team, or an administrator."""
    team_id = snapshot.project.team_id
    owns = snapshot.owner_id == user.pk and may(user, Permission.SUBMIT_RUNS, team_id)
    return owns or may(user, Permission.MANAGE_PEOPLE, team_id)


def check_may_change(user: User, snapshot: DataSnapshot) -> None:
    """Raises NotYours unless `may_change`."""
    if not may_change(user, snapshot):
        raise NotYours("Only its owner or an administrator changes this.")


def data_for(user: User) -> QuerySet[DataSnapshot]:
    """All data of the teams whose runs this person sees, newest first, removed data as well."""
    teams = teams_with(user, Permission.SEE_RUNS).values("pk")
    rows = DataSnapshot.objects.filter(project__team__in=teams)
    return rows.select_related("project__team", "owner", "added_by").order_by("-id")


def snapshot_for(user: User, snapshot_id: int) -> DataSnapshot:
    """One snapshot; raises NotYours whether it is absent or not this person's."""
    found = data_for(user).filter(pk=snapshot_id).first()
    if found is None:
        raise NotYours("There is no such data.")
    return found
