"""Break-glass: the page that says what it means before it is used, and the look at it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from hybridops.approvals import breakglass, queries
from hybridops.approvals.models import ApprovalRequest, BreakGlass
from hybridops.definitions.queries import policy
from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused
from hybridops.experiments.answers import break_glass
from hybridops.teams.access import actor, check_may
from hybridops.teams.models import User
from hybridops.web import proving
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.proving import ProofFields

_REASON = forms.Textarea(attrs={"rows": 3})


class EmergencyForm(ProofFields):
    digest_shown = forms.CharField(max_length=64, widget=forms.HiddenInput)
    ticket = forms.CharField(max_length=80, label="Ticket")
    reason = forms.CharField(max_length=2000, label="Reason", widget=_REASON)


class ReviewForm(ProofFields):
    in_order = forms.ChoiceField(choices=[("yes", "In order"), ("no", "Not in order")])
    text = forms.CharField(max_length=2000, label="What you found", widget=_REASON)


@page(second_factor=True)
@require_http_methods(["GET", "POST"])
def emergency(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, says what it means, and approves once it is proved who is there."""
    user = reader(request)
    asked = queries.request_for(user, pk)
    check_may(user, breakglass.USE, asked.team_id)
    form = EmergencyForm(request.POST or None)
    problem, status = "", 422 if request.method == "POST" else 200
    if form.is_valid():
        problem, status = _tried(lambda: _use(user, asked, form))
        if not problem:
            messages.warning(
                request, f"You approved {asked} in an emergency. Everybody who decides here was told."
            )
            return cast(HttpResponse, redirect("decision", pk))
    door = policy()[0].break_glass
    told = {
        "asked": queries.request_for(user, pk),
        "cap": Decimal(asked.envelope["cost_usd_max"]),
        "form": form,
        "door": door,
        "problem": problem,
        "overdue": breakglass.overdue(user).first(),
        **proving.ways(user, door.step_up if door else ()),
    }
    return render(request, "decision/emergency.html", told, status=status)


def _use(user: User, asked: ApprovalRequest, form: EmergencyForm) -> None:
    given = form.cleaned_data
    prove = proving.prover(user, given)
    with whole():
        break_glass(
            user=user,
            request_id=asked.pk,
            digest_shown=given["digest_shown"],
            reason=given["reason"],
            ticket=given["ticket"],
            presence=prove(_to_sign(user, asked, given["reason"], given["ticket"])),
        )


def _to_sign(user: User, asked: ApprovalRequest, reason: str, ticket: str) -> proving.ToSign:
    door = policy()[0].break_glass
    return lambda seed: breakglass.use_to_sign(
        asked, by=actor(user), seed=seed, door=door, reason=reason, ticket=ticket
    )


def _look_to_sign(user: User, made: BreakGlass | None, in_order: bool, text: str) -> proving.ToSign:
    return lambda seed: breakglass.to_sign(made, by=actor(user), seed=seed, in_order=in_order, text=text)


def _tried(act: Callable[[], None]) -> tuple[str, int]:
    """What stood in the way, and its status; nothing where it went through."""
    try:
        act()
    except NotYours:
        raise
    except Conflict as problem:
        return str(problem), 409
    except (BadInput, Refused) as problem:
        return str(problem), 422
    return "", 200


@page()
@require_POST
def passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """What a passkey signs for an emergency, or for the look at one."""
    user = reader(request)
    asked = queries.request_for(user, pk)
    if "in_order" in request.POST:
        made = breakglass.of(asked)
        in_order, text = request.POST["in_order"] == "yes", request.POST.get("text", "")
        return proving.options(user, _look_to_sign(user, made, in_order, text))
    check_may(user, breakglass.USE, asked.team_id)
    reason, ticket = request.POST.get("reason", ""), request.POST.get("ticket", "")
    return proving.options(user, _to_sign(user, asked, reason, ticket))


@page(second_factor=True)
@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's finding about a use of the emergency door."""
    user = reader(request)
    made = breakglass.of(queries.request_for(user, pk))
    form = ReviewForm(request.POST)
    if made is None or not breakglass.may_review(user, made):
        raise NotYours("There is nothing here for you.")
    if not form.is_valid():
        raise BadInput(f"Say what you found, and whether it was in order. {proving.first_error(form)}")
    given = form.cleaned_data
    prove = proving.prover(user, given)
    with whole():
        in_order, text = given["in_order"] == "yes", given["text"]
        presence = prove(_look_to_sign(user, made, in_order, text))
        breakglass.review(user=user, use_id=made.pk, in_order=in_order, text=text, presence=presence)
    messages.success(request, "What you found is signed and in the trail.")
    return cast(HttpResponse, redirect("decision", pk))
