"""A notebook or script becomes a draft, as on the page. Nothing of it is run."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.urls import reverse
from ninja import File, Form, Router, Schema, Status, UploadedFile
from pydantic import Field

from hybridops.definitions.drafts import missing
from hybridops.definitions.models import Draft
from hybridops.domain.errors import NotYours
from hybridops.domain.proposal import BYTES_MAX
from hybridops.engine import authoring
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web.api.door import Asking, Token
from hybridops.web.api.once import once
from hybridops.web.api.shapes import WRITE_NOS

router = Router(tags=["Definitions"])
PROPOSES = Token("definitions:propose")


class Whose(Schema):
    """The team's short name."""

    team: str = Field("", max_length=50)


class FindingOut(Schema):
    """`grave` ones keep a draft from being reviewed."""

    where: str
    what: str
    mend: str
    grave: bool


class ProposalOut(Schema):
    """A draft: `missing` is what keeps it from being reviewed, `path` the page where it goes on."""

    id: int
    name: str
    version: int
    state: str
    digest: str
    path: str
    findings: list[FindingOut]
    missing: list[str]


@router.post("/proposals", response={201: ProposalOut, **WRITE_NOS}, auth=PROPOSES)
def propose(request: Asking, told: Form[Whose], source: File[UploadedFile]) -> Status[object]:
    """A `.py` or `.ipynb` with a header, for review by a second person. `team` is needed where you are in several."""
    user, content = request.auth, source.read(BYTES_MAX + 1)
    named = str(source.name)

    def work() -> ProposalOut:
        made = authoring.propose(user=user, team_id=_team(user, told.team), filename=named, data=content)
        return _told(made)

    return once(request, user, work, HTTPStatus.CREATED, body=f"{told.team}\n{named}\n".encode() + content)


def _team(user: User, slug: str) -> int:
    mine = teams_with(user, Permission.PROPOSE_DEFINITIONS)
    found = (mine.filter(slug=slug) if slug else mine).first()
    if found is None:
        raise NotYours("There is no such team.")
    return found.pk


def _told(draft: Draft) -> ProposalOut:
    values: dict[str, Any] = {name: getattr(draft, name) for name in ("name", "version", "state", "digest")}
    findings = [FindingOut(**{name: one[name] for name in FindingOut.model_fields}) for one in draft.findings]
    path = reverse("draft", args=[draft.pk])
    return ProposalOut(id=draft.pk, **values, path=path, findings=findings, missing=missing(draft))
