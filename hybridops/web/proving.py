"""A form that is sent by somebody who proves to be there: a code before, or a passkey's answer within."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django import forms
from django.http import JsonResponse

from hybridops.domain import clock
from hybridops.domain.errors import HybridopsError
from hybridops.domain.presence import Method, Presence
from hybridops.teams.models import User
from hybridops.teams.presence import (
    methods_of,
    passkey_challenge,
    prove_by_code,
    prove_by_passkey,
    seed_asked,
)
from hybridops.trust.personal import fresh

# From the seed of the salts to the digest that a passkey signs.
type ToSign = Callable[[str], str]
type Prove = Callable[[ToSign], Presence]


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
    """Takes the code now, outside of any transaction; a passkey's answer within it, for the seed it was asked with."""
    if given["code"]:
        proof = prove_by_code(user, given["code"])
        return lambda _: proof
    if assertion := given["assertion"]:
        seed = seed_asked(user, assertion)
        return lambda to_sign: prove_by_passkey(user, digest=to_sign(seed), assertion=assertion)
    return lambda _: Presence(Method.SESSION, clock.now())


def options(user: User, to_sign: ToSign) -> JsonResponse:
    """What a passkey is asked to sign, or the problem, for the script that asks."""
    seed = fresh()
    try:
        return JsonResponse(passkey_challenge(user, to_sign(seed), seed))
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
