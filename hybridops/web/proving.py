"""A form that is sent by somebody who proves to be there: a code before, or a passkey's answer within."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, JsonResponse

from hybridops.domain import clock
from hybridops.domain.errors import HybridopsError
from hybridops.domain.presence import Method, Presence
from hybridops.teams.models import User
from hybridops.teams.presence import methods_of, passkey_challenge, prove_by_code, prove_by_passkey

type Prove = Callable[[str], Presence]


class ProofFields(forms.Form):
    """`code` is typed, `assertion` is what a passkey answered."""

    code = forms.CharField(
        required=False,
        max_length=12,
        label="One-time code",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )
    assertion = forms.JSONField(required=False, widget=forms.HiddenInput)


def prover(user: User, given: Mapping[str, Any]) -> Prove:
    """Takes the code now, outside of any transaction; a passkey's answer when its digest is known, within it."""
    if given["code"]:
        proof = prove_by_code(user, given["code"])
        return lambda _: proof
    if given["assertion"]:
        return lambda digest: prove_by_passkey(user, digest=digest, assertion=given["assertion"])
    return lambda _: Presence(Method.SESSION, clock.now())


def options(request: HttpRequest, user: User, digest: Callable[[], str]) -> JsonResponse:
    """What a passkey is asked to sign, or the problem, for the script that asks."""
    try:
        return JsonResponse(passkey_challenge(user, digest()))
    except HybridopsError as problem:
        return JsonResponse({"problem": str(problem)}, status=422)


def ways(user: User, accepted: Collection[Method]) -> dict[str, Any]:
    """How this person can prove it here, for the form; `unproved` where the session is enough."""
    known = methods_of(user)
    return {
        "by_passkey": Method.PASSKEY in known and Method.PASSKEY in accepted,
        "by_code": Method.CODE in known and Method.CODE in accepted,
        "unproved": Method.SESSION in accepted,
    }


def first_error(form: forms.Form) -> str:
    """The first thing that is wrong with a form, as a sentence."""
    found = json.loads(form.errors.as_json())
    return next((str(errors[0]["message"]) for errors in found.values()), "")
