"""The signed workflows as cards: what they do, whether they may run, how they fared."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hybridops.definitions import reading
from hybridops.definitions.models import SignedDocument
from hybridops.definitions.queries import workflows
from hybridops.domain.money import from_micro
from hybridops.domain.workflow import Definition
from hybridops.engine.authoring import other_code
from hybridops.experiments.listing import Record, track_record
from hybridops.teams.access import may
from hybridops.teams.permissions import Permission
from hybridops.web.answers.workflows import Told, answer
from hybridops.web.context import reader
from hybridops.web.errors import page


@dataclass(frozen=True, slots=True)
class Card:
    row: SignedDocument
    definition: Definition | None
    why_not: str
    record: Record | None
    recommended: bool = False

    @property
    def costs(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """What a run cost: a cheap one, the median, a dear one."""
        found = self.record
        if found is None or found.cost_low is None or found.cost is None or found.cost_high is None:
            return None
        return from_micro(found.cost_low), from_micro(found.cost), from_micro(found.cost_high)


@page()
@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    records = track_record(user)
    promoted = reading.recommended()
    cards = [
        Card(*_able(*found), records.get(found[0].name), found[0].pk in promoted) for found in workflows()
    ]
    told = answer([_told(card) for card in cards])
    submits = may(user, Permission.SUBMIT_RUNS)
    return render(request, "workflows/page.html", {"cards": cards, "answer": told, "submits": submits})


def _able(
    row: SignedDocument, definition: Definition | None, why_not: str
) -> tuple[SignedDocument, Definition | None, str]:
    """A definition that was signed for other code may not run either, until it is reviewed again."""
    problem = why_not or other_code(definition) if definition else why_not
    return row, None if problem else definition, problem


def _told(card: Card) -> Told:
    record = card.record
    return Told(
        title=card.definition.title if card.definition else card.row.name,
        runs=card.definition is not None,
        tried=record.runs if record else 0,
        accepted=record.accepted if record else 0,
        cost=card.costs[1] if card.costs else None,
    )
