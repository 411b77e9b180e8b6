"""One draft: what it changes, what was found in it, its dry run; saving, trying, asking, reviewing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.definitions import drafts, reading, review
from hybridops.definitions.models import Draft
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.domain.states import DraftState
from hybridops.domain.verdict import ARMS
from hybridops.engine import authoring
from hybridops.teams.access import actor, may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web import proving
from hybridops.web.answers.definitions import draft_answer
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.definition_forms import EditForm, ReviewForm, edit_form


@page()
@require_GET
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    return _shown(request, reading.draft_for(reader(request), pk))


@page()
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """A new revision, or the page again with what stood in its way; a stale one beside what somebody else saved."""
    user = reader(request)
    seen = reading.draft_for(user, pk)
    form = edit_form(seen.kind, seen.body, request.POST)
    revision = request.POST.get("revision", "")
    if not form.is_valid() or not revision.isdecimal():
        return _shown(request, seen, form=form, status=422)
    try:
        with whole():
            authoring.save(user=user, draft_id=pk, body=form.body(), seen_revision=int(revision))
    except Conflict as stale:
        mine = reading.differences(seen.body, form.body())
        return _shown(request, seen, form=form, problem=str(stale), clash=mine, status=409)
    except (BadInput, Refused) as wrong:
        where = f" (at {wrong.field})" if isinstance(wrong, BadInput) and wrong.field else ""
        return _shown(request, seen, form=form, problem=f"{wrong}{where}", status=422)
    messages.success(request, "Saved. A dry run of an earlier revision no longer counts.")
    return redirect("draft", pk)


def _verb(said: str) -> Callable[[Callable[..., object]], Callable[..., HttpResponse]]:
    """A button of the draft page: does one thing, says so, and comes back to the page."""

    def wrap(act: Callable[..., object]) -> Callable[..., HttpResponse]:
        @page()
        @require_POST
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            user = reader(request)
            reading.draft_for(user, pk)
            with whole():
                act(user, pk)
            messages.success(request, said)
            return cast(HttpResponse, redirect("draft", pk))

        return view

    return wrap


@_verb("A worker tries it now, apart from everything here: about half a minute.")
def try_it(user: User, pk: int) -> None:
    authoring.start_trial(user=user, draft_id=pk)


@_verb("Handed over. A second person reads exactly this revision.")
def ask(user: User, pk: int) -> None:
    drafts.ask_review(user=user, draft_id=pk)


@_verb("Withdrawn.")
def withdraw(user: User, pk: int) -> None:
    drafts.withdraw(user=user, draft_id=pk)


@page(second_factor=True)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    seen = reading.draft_for(user, pk)
    form, problem, status = ReviewForm(request.POST), "", 422
    if form.is_valid():
        try:
            _decide(user, seen, form)
        except NotYours:
            raise
        except Conflict as stale:
            problem, status = str(stale), 409
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        except Refused as refusal:
            problem = str(refusal)
        else:
            messages.success(request, "Your review is signed and stands in the trail.")
            return redirect("draft", pk)
    fresh = reading.draft_for(user, pk)
    clash = reading.differences(seen.body, fresh.body)
    return _shown(request, fresh, review_form=form, problem=problem, clash=clash, status=status)


def _decide(user: User, seen: Draft, form: ReviewForm) -> None:
    given = form.cleaned_data
    prove = proving.prover(user, given)
    told = {"verdict": given["verdict"], "reason": given["reason"]}
    with whole():
        presence = prove(lambda seed: review.to_sign(seen, by=actor(user), seed=seed, **told))
        review.decide(
            user=user, draft_id=seen.pk, digest_shown=given["digest_shown"], presence=presence, **told
        )


@page()
@require_POST
def passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """What a passkey signs for the review as the form has it now."""
    user = reader(request)
    seen, form = reading.draft_for(user, pk), ReviewForm(request.POST)

    def to_sign(seed: str) -> str:
        if not form.is_valid():
            raise BadInput(proving.first_error(form))
        told = {"verdict": form.cleaned_data["verdict"], "reason": form.cleaned_data["reason"]}
        return review.to_sign(seen, by=actor(user), seed=seed, **told)

    return proving.options(user, to_sign)


def _shown(
    request: HttpRequest,
    seen: Draft,
    *,
    form: EditForm | None = None,
    review_form: ReviewForm | None = None,
    problem: str = "",
    clash: list[tuple[str, str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = reader(request)
    replaced = reading.replaced(seen)
    trial = seen.trial if seen.trial.get("digest") == seen.digest else {}
    missing = drafts.missing(seen) if seen.state == DraftState.EDITED else []
    told: dict[str, Any] = {
        **proving.ways(user, review.ACCEPTED),
        "draft": seen,
        "answer": draft_answer(seen, missing),
        "problem": problem,
        "clash": clash or [],
        "form": form or edit_form(seen.kind, seen.body),
        "review": review_form or ReviewForm(),
        "changes": reading.differences(replaced, seen.body),
        "replaced": replaced,
        "missing": missing,
        "trial": trial,
        "arms": [(arm, value) for arm, value in trial.get("objectives", {}).items() if arm in ARMS and value],
        "reviews": reading.reviews_of(seen),
        "writes": seen.state == DraftState.EDITED and may(user, drafts.WRITES[seen.kind], seen.team_id),
        "reviewing": _reviews(user, seen),
    }
    return render(request, "definitions/draft.html", told, status=status)


def _reviews(user: User, seen: Draft) -> bool:
    right = may(user, Permission.REVIEW_DEFINITIONS, seen.team_id) and user.pk not in seen.editors
    return seen.state == DraftState.IN_REVIEW and right
