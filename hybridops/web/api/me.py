"""Who a token is."""

from __future__ import annotations

from ninja import Router, Schema

from hybridops.teams.models import Project
from hybridops.web.api.door import Asking
from hybridops.web.api.runs import READS
from hybridops.web.api.shapes import NOS

router = Router(tags=["Me"])


class MembershipOut(Schema):
    team: str
    role: str


class ProjectOut(Schema):
    """`id` is what runs and data are listed under."""

    id: int
    slug: str
    name: str
    team: str


class MeOut(Schema):
    """`sponsor` is the person who answers for a service, null for a person. `projects` are those of the teams."""

    name: str
    kind: str
    sponsor: str | None
    teams: list[MembershipOut]
    projects: list[ProjectOut]


@router.get("/me", response={200: MeOut, **NOS}, auth=READS)
def me(request: Asking) -> MeOut:
    user = request.auth
    rows = user.memberships.select_related("team").order_by("team__slug")
    projects = Project.objects.filter(team__in=rows.values("team")).select_related("team").order_by("slug")
    return MeOut(
        name=user.username,
        kind=user.kind,
        sponsor=str(user.sponsor) if user.sponsor else None,
        teams=[MembershipOut(team=row.team.slug, role=row.role) for row in rows],
        projects=[
            ProjectOut(id=one.pk, slug=one.slug, name=one.name, team=one.team.slug) for one in projects
        ],
    )
