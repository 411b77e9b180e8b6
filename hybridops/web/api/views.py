"""What a service may read: itself, and the runs of its team."""

from __future__ import annotations

from typing import Any

from hybridops.experiments.queries import run_for
from hybridops.teams.models import User
from hybridops.web.api.door import reads


@reads("runs:read")
def me(user: User) -> dict[str, Any]:
    teams = user.memberships.select_related("team").order_by("team__slug")
    return {
        "name": user.username,
        "kind": user.kind,
        "sponsor": str(user.sponsor),
        "teams": [{"team": row.team.slug, "role": row.role} for row in teams],
    }


@reads("runs:read")
def run(user: User, pk: int) -> dict[str, Any]:
    found = run_for(user, pk)
    return {
        "id": found.pk,
        "title": found.experiment.title,
        "state": found.state,
        "outcome": found.outcome,
        "plan_digest": found.plan_digest,
        "version": found.version,
        "submitted_at": found.made_at.isoformat(),
    }
