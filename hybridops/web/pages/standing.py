"""Promote, keep or retire a workflow: a person's decision on its verdict, with the figures of that moment."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from hybridops.definitions import lifecycle, reading
from hybridops.definitions.queries import workflows
from hybridops.domain.errors import Conflict
from hybridops.domain.promotion import NOTHING, propose
from hybridops.experiments.worth import worth_of
from hybridops.teams.access import actor, check_may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.evidence import View, version_asked, view_of
from hybridops.web.viewmodels.evidence_tables import plain

DONE = {
    "promote": "It is recommended now, on Workflows and where runs are submitted.",
    "keep": "Nothing changed by itself.",
    "retire": "It takes no more runs.",
}


@page(second_factor=True)
@require_POST
def decide(request: HttpRequest, name: str) -> HttpResponse:
    """From the page of the evidence: refused where the verdict is another one than the person saw."""
    user = reader(request)
    check_may(user, Permission.REVIEW_DEFINITIONS)
    document, _ = version_asked(request, name)
    view = view_of(user, document)
    if request.POST.get("seen") != view.word:
        raise Conflict(f"The verdict is “{view.word}” now. Read it again.")
    decided(request, user, view)
    return cast(HttpResponse, redirect(f"{reverse('evidence_of', args=[name])}?version={document.version}"))


def decided(request: HttpRequest, user: User, view: View) -> None:
    """Records what was posted about one version, with what the house says of it now."""
    verdict = request.POST.get("verdict", "")
    with whole():
        lifecycle.decide(
            document_id=view.document.pk, verdict=verdict, why=request.POST.get("why", ""),
            numbers=numbers(user, view), person_id=user.pk, actor=actor(user),
        )  # fmt: skip
    messages.success(request, f"Recorded beside the numbers you saw. {DONE[verdict]}")


def numbers(user: User, view: View) -> dict[str, Any]:
    """Counts of 90 days with what they propose, and the verdict with both differences. Fractions are text."""
    worth = worth_of(user).get(view.document.digest, NOTHING)
    told = {**worth.document(), "proposed": propose(worth).verdict, "verdict": view.word}
    if found := view.found:
        told |= {"pairs": found.count, "failed_pairs": found.failed, "qpu_usd": plain(found.spent)}
        told["against"] = {
            arm: {name: plain(getattr(one, name)) for name in ("estimate", "low", "high")}
            for arm, one in found.against.items()
        }
    return told


def undecided(user: User) -> list[View]:
    """The workflows in force whose verdict is yes or no, and for which nobody decided since it is."""
    last = {pk: note.numbers.get("verdict") for pk, note in reading.last_notes().items()}
    views = (view_of(user, row) for row, definition, _ in workflows() if definition)
    return [view for view in views if view.is_clear and last.get(view.document.pk) != view.word]
