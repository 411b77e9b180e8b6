"""Your own account: how you sign in, how you prove that it is you, where you are signed in."""

from __future__ import annotations

from allauth.core.internal.httpkit import extract_basic_auth
from allauth.idp.oidc import views as issuer
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from hybridops.teams import tokens
from hybridops.teams.queries import roles_of
from hybridops.web.answers import account as answers
from hybridops.web.api import pace
from hybridops.web.context import reader
from hybridops.web.errors import page


@page()
@require_GET
def settings_page(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    held = list(Authenticator.objects.filter(user=user))
    codes = next((row.wrap() for row in held if row.type == Authenticator.Type.RECOVERY_CODES), None)
    told = {
        "answer": answers.answer(held, required=settings.SECOND_FACTOR_REQUIRED),
        "passkeys": [row for row in held if row.type == Authenticator.Type.WEBAUTHN],
        "app": next((row for row in held if row.type == Authenticator.Type.TOTP), None),
        "codes_left": len(codes.get_unused_codes()) if codes else None,
        "sessions": UserSession.objects.filter(user=user).count(),
        "command_lines": tokens.command_lines(user),
        "roles": roles_of(user),
        "sign_on": SocialAccount.objects.filter(user=user).first(),
    }
    return render(request, "settings/page.html", told)


@page()
@require_POST
def end_command_lines(request: HttpRequest) -> HttpResponse:
    """One's own, all at once: nobody knows better which of them are still in one's hands."""
    count = tokens.end_command_lines(user=reader(request))
    messages.success(
        request, f"Ended. {count} command line{'' if count == 1 else 's'} can do nothing any more."
    )
    return redirect("settings")


@page()
@require_GET
@never_cache
def demo_code(request: HttpRequest) -> HttpResponse:
    """The code as it is now, for a page that has been open for a while. In the demo only."""
    if not settings.DEMO:
        raise Http404
    return render(request, "_demo_code.html")


@csrf_exempt  # programs come with a secret of their own, and no cookie is read
def token(request: HttpRequest) -> HttpResponse:
    """allauth's, for services and command lines; what renews ends no later than what it was renewed with."""
    if seconds := pace.seconds_to_wait(request):
        told = f"Too many wrong secrets came from this address. Wait {seconds} s."
        wait = {"error": "temporarily_unavailable", "error_description": told}
        return JsonResponse(wait, status=429, headers={"Retry-After": str(seconds)})
    sent, (name, secret) = request.POST, extract_basic_auth(request.headers)
    # No text of PostgreSQL has one.
    if any("\0" in one for one in (*sent.values(), name or "", secret or "")):
        wrong = {"error": "invalid_request", "error_description": "A field has a NUL character. Send text."}
        return JsonResponse(wrong, status=400)
    answer: HttpResponse = tokens.renewed(sent.get("refresh_token", ""), lambda: issuer.token(request))
    if answer.status_code == 401:
        pace.count_refusal(request)
        tokens.take_as_long(name or sent.get("client_id", ""), secret or sent.get("client_secret", ""))
    return answer


def confirm_device(request: HttpRequest) -> HttpResponse:
    """A person confirms their command line. allauth's view reads no token against forgery: ours is behind it."""
    answer: HttpResponse = issuer.device_authorization(request)
    return answer
