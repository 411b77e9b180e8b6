"""Runs: quote, submit, look, cancel, replay, and their proofs. The services are those of the pages."""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from django.http import HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from hybridops.audit import queries as trail
from hybridops.domain.money import to_micro
from hybridops.engine import intake
from hybridops.engine.bundle import export
from hybridops.engine.preview import Choice, preview
from hybridops.experiments import services
from hybridops.experiments.listing import Filters, runs_listed
from hybridops.experiments.queries import run_for
from hybridops.teams.access import actor, check_may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web.api.audit_shapes import EventOut, events_out
from hybridops.web.api.door import Asking, Token
from hybridops.web.api.once import key_of, once
from hybridops.web.api.run_shapes import RunOut, RunWhole, Submit, Wish, short, whole
from hybridops.web.api.shapes import NOS, WRITE_NOS, Asked, Id, Page, each, paged, usd

router = Router(tags=["Runs"])
READS, SUBMITS = Token("runs:read"), Token("runs:submit")


class Sought(Schema):
    """`state` is one state or a group of them: moving, waiting, accepted, not_accepted, degraded, without_result."""

    state: str = Field("", max_length=20)
    workflow: str = Field("", max_length=50)
    text: str = Field("", max_length=120)
    mine: bool = False


class ChoiceOut(Schema):
    """One backend: `blocked` says why it cannot take this, or is empty."""

    provider: str
    backend: str
    blocked: str
    likely_usd: str | None
    high_usd: str | None
    tier: str | None
    risk: int | None
    people: int | None
    calibration_age_hours: float | None


class QuoteOut(Schema):
    """What a submit would mean now; `digest` names it for the submit. Nothing is reserved by asking."""

    digest: str
    backend: str
    likely_usd: str
    high_usd: str
    classical_usd: str
    qpu_high_usd: str
    over_cap: bool
    cap_that_fits_usd: str
    choices: list[ChoiceOut]


@router.post("/quotes", response={200: QuoteOut, **WRITE_NOS}, auth=SUBMITS)
def quote(request: Asking, wish: Wish) -> QuoteOut:
    """Cost, risk and who has to agree, for every backend, without submitting."""
    seen = preview(user=request.auth, workflow_name=wish.workflow, wanted=wish.wanted())
    return QuoteOut(
        digest=seen.digest,
        backend=seen.chosen.backend.name,
        likely_usd=_text(seen.likely_usd),
        high_usd=_text(seen.high_usd),
        classical_usd=_text(seen.classical_usd),
        qpu_high_usd=_text(seen.qpu_high_usd),
        over_cap=seen.over_cap,
        cap_that_fits_usd=_text(seen.cap_that_fits),
        choices=[_choice(one) for one in seen.choices],
    )


def _choice(one: Choice) -> ChoiceOut:
    found, price = one.assessment, one.quote
    return ChoiceOut(
        provider=one.backend.provider,
        backend=one.backend.name,
        blocked=one.blocked,
        likely_usd=_text(price.likely) if price else None,
        high_usd=_text(price.high) if price else None,
        tier=found.tier if found else None,
        risk=found.score if found else None,
        people=found.people if found else None,
        calibration_age_hours=one.calibration_age_hours,
    )


def _text(amount: Decimal) -> str:
    return usd(to_micro(amount))


@router.post("/runs", response={201: RunWhole, **WRITE_NOS}, auth=SUBMITS)
def submit(request: Asking, wish: Submit) -> Status[object]:
    """Submits a run. With an Idempotency-Key, asking again is the same run."""
    user = request.auth
    key = key_of(request)

    def work() -> RunWhole:
        run = intake.submit_previewed(
            user=user,
            workflow_name=wish.workflow,
            wanted=wish.wanted(title=wish.title, business_outcome=wish.business_outcome),
            submit_key=_submit_key(user, key),
            digest_shown=wish.quote,
        )
        return whole(run_for(user, run.pk))

    return once(request, user, work, HTTPStatus.CREATED)


def _submit_key(user: User, key: str) -> str:
    """Of the run itself: the same key is the same run long after the answer is forgotten."""
    return intake.key_of_call(user, key) if key else uuid4().hex


@router.get("/runs", response={200: Page[RunOut], **NOS}, auth=READS)
def listed(request: Asking, sought: Query[Sought], asked: Query[Asked]) -> dict[str, Any]:
    """The runs of the teams that this token sees, newest first."""
    found = Filters(state=sought.state, text=sought.text, workflow=sought.workflow, mine=sought.mine)
    return paged(runs_listed(request.auth, found), asked, each(short))


@router.get("/runs/{run_id}", response={200: RunWhole, **NOS}, auth=READS)
def one(request: Asking, run_id: Id) -> RunWhole:
    return whole(run_for(request.auth, run_id))


@router.get("/runs/{run_id}/events", response={200: Page[EventOut], **NOS}, auth=READS)
def events(request: Asking, run_id: Id, asked: Query[Asked]) -> dict[str, Any]:
    """What the trail says of a run, newest first."""
    run = run_for(request.auth, run_id)
    return paged(trail.events(trail.Filter(stream=f"run:{run.pk}")), asked, events_out)


@router.get("/runs/{run_id}/bundle", auth=READS, response={200: bytes, **NOS})
def bundle(request: Asking, run_id: Id, since: Annotated[int, Field(ge=0, lt=2**62)] = 0) -> HttpResponse:
    """A ZIP with all proofs of a run, for `hybridops-verify`. Taking it is an event."""
    run = run_for(request.auth, run_id)
    data = export(run=run, actor=actor(request.auth), since=since)
    answered = HttpResponse(data, content_type="application/zip")
    answered["Content-Disposition"] = f'attachment; filename="{run}-proofs.zip"'
    return answered


@router.post("/runs/{run_id}/cancel", response={200: RunWhole, **WRITE_NOS}, auth=SUBMITS)
def cancel(request: Asking, run_id: Id) -> Status[object]:
    """Asks for a cancel. What is at a provider is asked back; what it cost until then stays."""
    user = request.auth

    def work() -> RunWhole:
        services.cancel(user=user, run_id=run_id)
        return whole(run_for(user, run_id))

    return once(request, user, work, HTTPStatus.OK)


@router.post("/runs/{run_id}/replay", response={201: RunWhole, **WRITE_NOS}, auth=SUBMITS)
def replay(request: Asking, run_id: Id) -> Status[object]:
    """The same question again: a new, linked run with its own approval and cost."""
    user, key = request.auth, key_of(request)

    def work() -> RunWhole:
        old = run_for(user, run_id)
        check_may(user, Permission.SUBMIT_RUNS, old.experiment.project.team_id)
        made = intake.replay(user=user, run_id=run_id, submit_key=_submit_key(user, key))
        return whole(run_for(user, made.pk))

    return once(request, user, work, HTTPStatus.CREATED)
