"""Legal holds: an administrator or auditor keeps a run, a project or what a person did from being removed."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from hybridops.approvals.queries import subjects_touched_by
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.experiments.models import DataSnapshot, LegalHold, Run
from hybridops.teams.access import actor, teams_with
from hybridops.teams.models import Project, User
from hybridops.teams.permissions import Permission

KINDS = (LegalHold.RUN, LegalHold.PROJECT, LegalHold.PERSON)


@transaction.atomic(savepoint=False)
def place_hold(*, user: User, kind: str, name: str, why: str) -> LegalHold:
    """Keeps a run (`R-12`), a project (its short name) or a person (their user name) as it is, with a reason."""
    if not why.strip():
        raise BadInput("Say why, for the trail.", field="why")
    about = _named(user, kind, name.strip())
    if about is None:
        raise BadInput("There is no such run, project or person in your teams.", field="name")
    told = {"kind": kind, "about": about, "why": why.strip()[:300], "set_by": user, "set_at": clock.now()}
    try:
        with transaction.atomic():
            made = LegalHold.objects.create(**told)
    except IntegrityError as problem:
        raise Conflict("There is a hold on this already.") from problem
    _record(made, "placed", user, why)
    return made


@transaction.atomic(savepoint=False)
def lift_hold(*, user: User, hold_id: int, why: str) -> None:
    """Lets retention and erasure go on, with a reason. Lifting it twice is a Conflict."""
    row = holds_for(user).filter(pk=hold_id).first()
    if row is None:
        raise NotYours("There is no such hold.")
    if not why.strip():
        raise BadInput("Say why, for the trail.", field="why")
    standing = LegalHold.objects.filter(pk=row.pk, lifted_at=None)
    if not standing.update(lifted_at=clock.now(), lifted_by=user, lifted_why=why.strip()[:300]):
        raise Conflict("This hold was lifted already.")
    _record(row, "lifted", user, why)


def _record(row: LegalHold, verb: str, user: User, why: str) -> None:
    facts = {"kind": row.kind, "about": row.about}
    record(
        stream=f"hold:{row.pk}", action=f"hold.{verb}", actor=actor(user), facts=facts, personal={"why": why}
    )


def _named(user: User, kind: str, name: str) -> int | None:
    """What is meant, if it is in a team in which this person may hold."""
    teams = teams_with(user, Permission.HOLD_DATA).values("pk")
    if kind == LegalHold.RUN:
        number = name.upper().removeprefix("R-")
        found = Run.objects.filter(experiment__project__team__in=teams)
        return found.filter(pk=number).values_list("pk", flat=True).first() if number.isdecimal() else None
    if kind == LegalHold.PROJECT:
        return Project.objects.filter(team__in=teams, slug=name).values_list("pk", flat=True).first()
    if kind == LegalHold.PERSON:
        here = User.objects.filter(memberships__team__in=teams, username=name)
        return here.values_list("pk", flat=True).first()
    raise BadInput("A hold is on a run, a project or a person.", field="kind")


def holds_for(user: User) -> QuerySet[LegalHold]:
    """The holds on what is in the teams in which this person may hold, those that stand first."""
    teams = teams_with(user, Permission.HOLD_DATA).values("pk")
    runs = Run.objects.filter(experiment__project__team__in=teams).values("pk")
    projects = Project.objects.filter(team__in=teams).values("pk")
    people = User.objects.filter(memberships__team__in=teams).values("pk")
    mine = Q(kind=LegalHold.RUN, about__in=runs) | Q(kind=LegalHold.PROJECT, about__in=projects)
    rows = LegalHold.objects.filter(mine | Q(kind=LegalHold.PERSON, about__in=people))
    return rows.select_related("set_by", "lifted_by").order_by("lifted_at", "-id")


def words_of(row: LegalHold) -> str:
    """What a hold keeps, as people call it."""
    if row.kind == LegalHold.RUN:
        return f"R-{row.about}"
    if row.kind == LegalHold.PROJECT:
        return f"Project {Project.objects.get(pk=row.about)}"
    return f"What {User.objects.get(pk=row.about)} did"


def _held(kind: str) -> QuerySet[LegalHold, int]:
    return LegalHold.objects.filter(kind=kind, lifted_at=None).values_list("about", flat=True)


def held_runs() -> QuerySet[Run]:
    """Every run that a standing hold keeps: itself, its project, or somebody who asked for it or owns its data."""
    people, projects = _held(LegalHold.PERSON), _held(LegalHold.PROJECT)
    ours = Q(requested_by__in=people) | Q(experiment__owner__in=people)
    data = Q(experiment__snapshot__owner__in=people) | Q(experiment__snapshot__added_by__in=people)
    kept = Q(pk__in=_held(LegalHold.RUN)) | Q(experiment__project__in=projects)
    return Run.objects.filter(kept | ours | data)


def held_snapshots() -> QuerySet[DataSnapshot]:
    """Every snapshot that a standing hold keeps, also because a held run used it."""
    people, projects = _held(LegalHold.PERSON), _held(LegalHold.PROJECT)
    whose = Q(owner__in=people) | Q(added_by__in=people) | Q(project__in=projects)
    return DataSnapshot.objects.filter(whose | Q(pk__in=held_runs().values("experiment__snapshot")))


def check_free(person: User) -> None:
    """Raises Refused while a hold keeps something this person has a hand in: holds win over erasure."""
    if LegalHold.objects.filter(kind=LegalHold.PERSON, about=person.pk, lifted_at=None).exists():
        raise Refused(f"A legal hold on {person} stands. Lift it first.")
    touched = [int(subject.removeprefix("run:")) for subject in subjects_touched_by(person.pk)]
    hand = Q(requested_by=person) | Q(experiment__owner=person) | Q(pk__in=touched)
    data = Q(experiment__snapshot__owner=person) | Q(experiment__snapshot__added_by=person)
    runs = held_runs().filter(hand | data).order_by("pk")
    if first := runs.first():
        raise Refused(f"A legal hold keeps {first}, in which {person} has a hand. Lift it first.")
    if first_data := held_snapshots().filter(Q(owner=person) | Q(added_by=person)).first():
        raise Refused(f"A legal hold keeps the data “{first_data}” of {person}. Lift it first.")
