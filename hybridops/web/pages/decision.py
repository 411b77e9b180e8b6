"""One request: read it, decide on it. What is shown is named by its digest, and the decision brings it back."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import request_for, waiting_for
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.experiments import services
from hybridops.teams.models import User
from hybridops.web.answers import decision as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.decision_form import DecisionForm
from hybridops.web.pages.dossier import dossier


@page()
@require_GET
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    asked = request_for(reader(request), pk)
    return _shown(request, asked, DecisionForm(asked.envelope))


@page(second_factor=True)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Records the decision, or shows the page again with what stood in its way and every value kept."""
    user = reader(request)
    form = DecisionForm(request_for(user, pk).envelope, request.POST)
    problem, status = "", 422
    if form.is_valid():
        try:
            done = _decide(user, pk, form)
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
    return _shown(request, request_for(user, pk), form, problem, status)


def _decide(user: User, pk: int, form: DecisionForm) -> ApprovalRequest:
    given = form.cleaned_data
    with whole():
        return services.decide(
            user=user,
            request_id=pk,
            verdict=given["verdict"],
            digest_shown=given["digest_shown"],
            reason=given["reason"],
            limits=form.limits(),
        )


def _onward(user: User) -> HttpResponse:
    """To the next request that waits for this person, or back to the inbox."""
    following = waiting_for(user).first()
    if following is None:
        return cast(HttpResponse, redirect("approvals"))
    return cast(HttpResponse, redirect("decision", following.pk))


def _shown(
    request: HttpRequest, asked: ApprovalRequest, form: DecisionForm, problem: str = "", status: int = 200
) -> HttpResponse:
    """The digest in the form is of what this page shows, also where the form is shown again."""
    user = reader(request)
    waiting = list(waiting_for(user).values_list("pk", flat=True))
    place = waiting.index(asked.pk) if asked.pk in waiting else -1
    told = {
        **dossier(user, asked),
        "form": form,
        "problem": problem,
        "previous": waiting[place - 1] if place > 0 else None,
        "following": waiting[place + 1] if -1 < place < len(waiting) - 1 else None,
    }
    return render(request, "decision/decision.html", told, status=status)
