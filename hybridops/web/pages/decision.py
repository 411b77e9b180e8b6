"""One request: read it, decide on it. What is shown is named by its digest, and the decision brings it back."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.approvals import queries, votes
from hybridops.approvals.delegations import given_to
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.services import check_open
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.experiments import services
from hybridops.teams.access import actor, voter
from hybridops.teams.models import User
from hybridops.web import looking, proving
from hybridops.web.answers import decision as answers
from hybridops.web.answers.changes import since
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.decision_form import DecisionForm
from hybridops.web.pages.dossier import dossier


@page()
@require_GET
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    asked = queries.request_for(user, pk)
    return _shown(request, asked, _form(user, asked))


def _form(user: User, asked: ApprovalRequest, request: HttpRequest | None = None) -> DecisionForm:
    places = list(given_to(user, asked.team_id))
    return DecisionForm(asked.envelope, places, request.POST if request else None)


@page(second_factor=True)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Records the decision, or shows the page again with what stood in its way and every value kept."""
    user = reader(request)
    asked = queries.request_for(user, pk)
    form = _form(user, asked, request)
    problem, status = "", 422
    if form.is_valid():
        try:
            done = _decide(user, asked, form)
        except NotYours:
            raise
        except Conflict as taken:
            problem, status = str(taken), 409
        except BadInput as wrong:
            form.add_error(wrong.field if wrong.field in form.fields else None, str(wrong))
        except Refused as refusal:
            problem = str(refusal)
        else:
            messages.success(request, answers.flash(form.cleaned_data["verdict"], done))
            return _onward(user)
    return _shown(request, queries.request_for(user, pk), form, problem, status)


def _decide(user: User, asked: ApprovalRequest, form: DecisionForm) -> ApprovalRequest:
    """A code is taken before the transaction of the decision, a passkey's answer inside it."""
    given, limits = form.cleaned_data, form.limits()
    check_open(asked, voter=voter(user, asked.team_id), digest_shown=given["digest_shown"])
    prove = proving.prover(user, given)
    with whole():
        told = {"verdict": given["verdict"], "reason": given["reason"], "limits": limits}
        return services.decide(
            user=user,
            request_id=asked.pk,
            digest_shown=given["digest_shown"],
            presence=prove(lambda seed: votes.to_sign(asked, by=actor(user), seed=seed, **told)),
            on_behalf_id=given["on_behalf"],
            **told,
        )


@page()
@require_POST
def passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """What a passkey signs for the decision as the form has it now."""
    user = reader(request)
    asked = queries.request_for(user, pk)
    form = _form(user, asked, request)

    def to_sign(seed: str) -> str:
        if not form.is_valid():
            raise BadInput(proving.first_error(form))
        given = form.cleaned_data
        told = {"verdict": given["verdict"], "reason": given["reason"], "limits": form.limits()}
        return votes.to_sign(asked, by=actor(user), seed=seed, **told)

    return proving.options(user, to_sign)


def _onward(user: User) -> HttpResponse:
    """To the next request that waits for this person, or back to the inbox."""
    following = queries.waiting_for(user).first()
    if following is None:
        return cast(HttpResponse, redirect("approvals"))
    return cast(HttpResponse, redirect("decision", following.pk))


def _shown(
    request: HttpRequest, asked: ApprovalRequest, form: DecisionForm, problem: str = "", status: int = 200
) -> HttpResponse:
    """The digest in the form is of what this page shows, also where the form is shown again."""
    user = reader(request)
    waiting = list(queries.waiting_for(user).values_list("pk", flat=True))
    place = waiting.index(asked.pk) if asked.pk in waiting else -1
    before = str(form.data.get("digest_shown", "")) if status == 409 else ""
    told = {
        **dossier(user, asked),
        **proving.ways(user, votes.assessment_of(asked).step_up),
        "form": form,
        "problem": problem,
        "changed": since(queries.changed_since(asked, before)) if before else [],
        "others_looking": looking.others(asked.pk, user) if place >= 0 else [],
        "previous": waiting[place - 1] if place > 0 else None,
        "following": waiting[place + 1] if -1 < place < len(waiting) - 1 else None,
    }
    return render(request, "decision/decision.html", told, status=status)
