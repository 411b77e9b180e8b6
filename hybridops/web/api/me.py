"""Who a token is."""

from __future__ import annotations

from ninja import Router, Schema

from hybridops.web.api.door import Asking
from hybridops.web.api.runs import READS
from hybridops.web.api.shapes import NOS

router = Router(tags=["Me"])


class MembershipOut(Schema):
    team: str
    role: str


class MeOut(Schema):
    """`sponsor` is the person who answers for a service, null for a person."""

    name: str
    kind: str
    sponsor: str | None
    teams: list[MembershipOut]


@router.get("/me", response={200: MeOut, **NOS}, auth=READS)
def me(request: Asking) -> MeOut:
    user = request.auth
    rows = user.memberships.select_related("team").order_by("team__slug")
    return MeOut(
        name=user.username,
        kind=user.kind,
        sponsor=str(user.sponsor) if user.sponsor else None,
        teams=[MembershipOut(team=row.team.slug, role=row.role) for row in rows],
    )
