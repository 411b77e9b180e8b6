"""Every signed document with its versions, the drafts on their way, and the weekly review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.definitions import drafts, lifecycle, reading
from hybridops.definitions.models import SignedDocument, WeeklyNote
from hybridops.domain.errors import BadInput, NotYours, Refused
from hybridops.domain.promotion import NOTHING, Proposal, Worth, propose
from hybridops.domain.proposal import BYTES_MAX
from hybridops.domain.states import DocumentState
from hybridops.engine import authoring
from hybridops.experiments.worth import worth_of
from hybridops.teams.access import actor, check_may, may, teams_with
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Permission
from hybridops.web.answers.definitions import list_answer, week_answer
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.evidence import view_of
from hybridops.web.pages.standing import decided


@page(refusal="Definitions are for people with a role in a team.")
@require_GET
def definitions(request: HttpRequest) -> HttpResponse:
    return _shown(request)


def _shown(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_RUNS)
    found, waiting = list(reading.documents()), list(reading.drafts_for(user)[:50])
    told = {
        "documents": found,
        "drafts": waiting,
        "answer": list_answer(found, waiting),
        "teams": _proposes(user),
        "kinds": [kind for kind, permission in drafts.WRITES.items() if may(user, permission)],
        "reviews": may(user, Permission.REVIEW_DEFINITIONS),
        "problem": problem,
    }
    return render(request, "definitions/list.html", told, status=status)


def _proposes(user: User) -> list[Team]:
    return list(teams_with(user, Permission.PROPOSE_DEFINITIONS))


def _team(request: HttpRequest, user: User, permission: Permission) -> int:
    """The team that was chosen, or the only one in which this person may do it."""
    mine = list(teams_with(user, permission).values_list("pk", flat=True))
    chosen = request.POST.get("team") or (str(mine[0]) if mine else "")
    if not chosen.isdecimal() or int(chosen) not in mine:
        raise NotYours("There is nothing here for you.")
    return int(chosen)


@page()
@require_POST
def propose_source(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    team = _team(request, user, Permission.PROPOSE_DEFINITIONS)
    sent = request.FILES.get("source")
    if sent is None:
        return _shown(request, "Choose a notebook or a script.", 422)
    try:
        with whole():
            made = authoring.propose(
                user=user, team_id=team, filename=str(sent.name), data=sent.read(BYTES_MAX + 1)
            )
    except (BadInput, Refused) as problem:
        return _shown(request, f"{sent.name}: {problem}", 422)
    messages.success(request, "Drafted. Nothing of the source was run.")
    return redirect("draft", made.pk)


@page()
@require_POST
def from_force(request: HttpRequest, kind: str, name: str) -> HttpResponse:
    user = reader(request)
    if kind not in drafts.WRITES:
        raise NotYours("There is nothing here for you.")
    team = _team(request, user, drafts.WRITES[kind])
    with whole():
        made = authoring.from_force(user=user, team_id=team, kind=kind, name=name)
    return redirect("draft", made.pk)


@page(second_factor=True)
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Deprecates or retires a signed document, with a reason and where possible a successor."""
    user = reader(request)
    check_may(user, Permission.REVIEW_DEFINITIONS)
    row, sent = reading.document_at(pk), request.POST
    with whole():
        if sent.get("verb") == "deprecate":
            lifecycle.deprecate(
                document_id=row.pk,
                until=_day(sent.get("until", "")),
                why=sent.get("why", ""),
                actor=actor(user),
            )
        elif sent.get("verb") == "retire":
            successor = sent.get("successor", "")
            lifecycle.retire(
                document_id=row.pk, why=sent.get("why", ""), actor=actor(user),
                successor_id=int(successor) if successor.isdecimal() else None,
            )  # fmt: skip
        else:
            raise BadInput("Choose to deprecate or to retire it.")
    messages.success(request, f"{row.name} version {row.version} is {reading.document_at(pk).state} now.")
    return redirect("definitions")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise BadInput("Choose the last day on which it runs.", field="until") from problem


@dataclass(frozen=True, slots=True)
class Line:
    """One workflow in the weekly review."""

    row: SignedDocument
    worth: Worth
    proposal: Proposal
    note: WeeklyNote | None


@page(refusal="The weekly review is for people with a role in a team.")
@require_GET
def week(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_RUNS)
    lines = _lines(user)
    told = {
        "lines": lines,
        "drafts": [
            one for one in reading.drafts_for(user) if one.trial.get("passed") and not one.document_id
        ],
        "answer": week_answer([line.proposal.verdict for line in lines]),
        "reviews": may(user, Permission.REVIEW_DEFINITIONS),
        "verdicts": lifecycle.VERDICTS,
    }
    return render(request, "definitions/week.html", told)


def _lines(user: User) -> list[Line]:
    worth, notes = worth_of(user), reading.last_notes()
    rows = reading.documents().filter(kind="workflow").exclude(state=DocumentState.RETIRED)
    found = [(row, worth.get(row.digest, NOTHING)) for row in rows]
    return [Line(row, one, propose(one), notes.get(row.pk)) for row, one in found]


@page(second_factor=True)
@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.REVIEW_DEFINITIONS)
    row = reading.document_at(pk)
    if row.kind != "workflow":
        raise NotYours("There is no such document.")
    decided(request, user, view_of(user, row))
    return redirect("definitions_week")
