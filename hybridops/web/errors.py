"""What a door answers when a rule says no: the domain's errors as pages, in one place.

A view that can say more, beside the field or above what changed, catches the error itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from hybridops.domain.errors import BadInput, Conflict, NotYours, Refused, StorageAway
from hybridops.teams.models import User
from hybridops.teams.presence import methods_of

type View = Callable[..., HttpResponse]


def page(*, refusal: str = "", second_factor: bool = False) -> Callable[[View], View]:
    """A page for people who are signed in. `refusal` says who may see a whole section; where it is
    empty, what is not yours looks like what is not there. `second_factor`: what it writes needs a
    person who has set up a passkey or one-time codes.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if second_factor and request.method == "POST" and _lacks_second_factor(request):
                return render(request, "second_factor.html", status=403)
            try:
                return view(request, *args, **kwargs)
            except NotYours as problem:
                if not refusal:
                    raise Http404 from problem
                return render(request, "403.html", {"reason": refusal}, status=403)
            except StorageAway as problem:
                return refused(request, problem, status=503)
            except Conflict as problem:
                return refused(request, problem, status=409)
            except (BadInput, Refused) as problem:
                return refused(request, problem, status=422)

        return login_required(guarded)

    return wrap


def _lacks_second_factor(request: HttpRequest) -> bool:
    return settings.SECOND_FACTOR_REQUIRED and isinstance(request.user, User) and not methods_of(request.user)


def refused(request: HttpRequest, problem: Exception, *, status: int) -> HttpResponse:
    """The rule's sentence as a normal page."""
    return render(request, "refused.html", {"reason": str(problem)}, status=status)


def whole() -> AbstractContextManager[None]:
    """Around a service call after whose refusal the page reads on: what it began is taken back first."""
    return transaction.atomic()
