"""Requests for approval: what waits, exactly what would be sent, and a person's decision with its proof."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from hybridops.approvals import queries, votes
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.services import check_open
from hybridops.domain.errors import Refused
from hybridops.experiments import services
from hybridops.teams.access import actor, voter
from hybridops.teams.presence import passkey_challenge
from hybridops.trust.personal import fresh
from hybridops.web.api.door import Asking, Token
from hybridops.web.api.runs import READS
from hybridops.web.api.shapes import NOS, WRITE_NOS, Asked, Id, Page, each, paged
from hybridops.web.errors import whole
from hybridops.web.proving import prover

router = Router(tags=["Approvals"])
DECIDES = Token("approvals:decide")
type Verdict = Literal["approve", "narrow", "changes", "reject"]


class Limits(Schema):
    """Tighter than what was asked, for the verdict `narrow` only."""

    shots_max: int | None = Field(default=None, ge=1, le=10**9)
    cost_usd_max: Decimal | None = Field(default=None, ge=0, le=10**9, max_digits=16, decimal_places=6)
    submissions_max: int | None = Field(default=None, ge=1, le=10**6)
    not_after: AwareDatetime | None = None
    backends: list[str] | None = None


class Vote(Schema):
    """`digest` is of exactly what was read; where it has changed since, nothing is decided."""

    verdict: Verdict
    digest: str = Field(max_length=64)
    reason: str = Field("", max_length=2000)
    limits: Limits = Field(default_factory=Limits)
    on_behalf: int | None = Field(default=None, gt=0, lt=2**63)

    def told(self) -> dict[str, Any]:
        limits = {name: value for name, value in self.limits if value is not None}
        if "backends" in limits:
            limits["backends"] = tuple(limits["backends"])
        return {"verdict": self.verdict, "reason": self.reason.strip(), "limits": limits}


class Decide(Vote):
    """With a one-time code, or with what a passkey answered to the challenge of the same vote."""

    code: str = Field("", max_length=12)
    assertion: dict[str, Any] | None = None


class RequestOut(Schema):
    id: int
    run: int
    title: str
    state: str
    tier: str
    risk: int
    revision: int
    digest: str
    requester: str
    asked_at: datetime
    lapses_at: datetime


class RequestWhole(RequestOut):
    """`envelope` is what would be sent, under `digest`; `assessment` the rules, facts and points."""

    envelope: dict[str, Any]
    assessment: dict[str, Any]
    mine: bool


@router.get("/approvals", response={200: Page[RequestOut], **NOS}, auth=READS)
def listed(
    request: Asking, asked: Query[Asked], state: Annotated[str, Field(max_length=20)] = ""
) -> dict[str, Any]:
    """The requests of the teams that this token sees, newest first."""
    rows = queries.requests_for(request.auth)
    return paged(rows.filter(state=state) if state else rows, asked, each(_short))


@router.get("/approvals/{request_id}", response={200: RequestWhole, **NOS}, auth=READS)
def one(request: Asking, request_id: Id) -> RequestWhole:
    """`mine` where this person may decide on it now."""
    return _whole(request, queries.request_for(request.auth, request_id))


@router.post("/approvals/{request_id}/challenge", response={200: dict[str, Any], **WRITE_NOS}, auth=DECIDES)
def challenge(request: Asking, vote: Vote, request_id: Id) -> dict[str, Any]:
    """What a passkey is to sign for this very vote, as WebAuthn request options; good for five minutes."""
    user, seed = request.auth, fresh()
    asked = queries.request_for(user, request_id)
    check_open(asked, voter=voter(user, asked.team_id), digest_shown=vote.digest)
    return passkey_challenge(user, votes.to_sign(asked, by=actor(user), seed=seed, **vote.told()), seed)


@router.post("/approvals/{request_id}/decision", response={200: RequestWhole, **WRITE_NOS}, auth=DECIDES)
def decide(request: Asking, vote: Decide, request_id: Id) -> RequestWhole:
    """One vote. Never one's own request; a repeated vote is refused as such, so no key is needed."""
    user = request.auth
    asked = queries.request_for(user, request_id)
    check_open(asked, voter=voter(user, asked.team_id), digest_shown=vote.digest)
    if not (vote.code or vote.assertion):
        raise Refused("Prove that it is you: send a one-time code, or a passkey's answer to the challenge.")
    prove = prover(user, {"code": vote.code, "assertion": vote.assertion})
    told = vote.told()
    with whole():
        services.decide(
            user=user,
            request_id=asked.pk,
            digest_shown=vote.digest,
            presence=prove(lambda seed: votes.to_sign(asked, by=actor(user), seed=seed, **told)),
            on_behalf_id=vote.on_behalf,
            **told,
        )
    return _whole(request, queries.request_for(user, request_id))


def _told(row: ApprovalRequest) -> dict[str, Any]:
    names = ("title", "state", "revision", "digest", "asked_at", "lapses_at")
    return {
        "id": row.pk,
        "run": row.envelope["run"],
        "tier": row.assessment["tier"],
        "risk": row.assessment["score"],
        "requester": str(row.requester),
        **{name: getattr(row, name) for name in names},
    }


def _short(row: ApprovalRequest) -> RequestOut:
    return RequestOut(**_told(row))


def _whole(request: Asking, row: ApprovalRequest) -> RequestWhole:
    mine = queries.waiting_for(request.auth).filter(pk=row.pk).exists()
    return RequestWhole(**_told(row), envelope=dict(row.envelope), assessment=dict(row.assessment), mine=mine)
