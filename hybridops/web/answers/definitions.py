"""What is signed, what is on its way, and what should happen to it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.definitions.models import Draft, SignedDocument
from hybridops.domain.states import DocumentState, DraftState
from hybridops.web.answers import bold, counted, joined, marked, sentence


def list_answer(documents: Sequence[SignedDocument], drafts: Sequence[Draft]) -> SafeString:
    force = sum(row.state != DocumentState.RETIRED for row in documents)
    waiting = sum(draft.state == DraftState.IN_REVIEW for draft in drafts)
    edited = sum(draft.state == DraftState.EDITED for draft in drafts)
    first = bold(f"{sentence(counted(force, 'document is', 'documents are'))} in force.")
    review = (
        marked(f"{sentence(counted(waiting, 'draft waits', 'drafts wait'))} for a review.") if waiting else ""
    )
    rest = f"{sentence(counted(edited, 'draft is', 'drafts are'))} being written." if edited else ""
    return joined([first, review, rest])


def draft_answer(draft: Draft, missing: Sequence[str]) -> SafeString:
    """Where it stands and what is next."""
    match DraftState(draft.state):
        case DraftState.EDITED if missing:
            first = missing[0].rstrip(".")
            more = f", and {counted(len(missing) - 1, 'more thing')}" if len(missing) > 1 else ""
            return joined([bold("It cannot be reviewed yet."), f"Missing: {first[:90]}{more}."])
        case DraftState.EDITED:
            return joined(
                [bold("It can be reviewed."), "Ask, and a second person reads exactly this revision."]
            )
        case DraftState.IN_REVIEW:
            return joined([marked("It waits for a second person."), "Its author cannot sign it."])
        case DraftState.SIGNED:
            return joined([format_html("{}", bold("It is signed and in force.")), draft.why])
        case _:
            return joined([bold(f"It is {draft.state.replace('_', ' ')}."), draft.why])


def week_answer(verdicts: Sequence[str]) -> SafeString:
    if not verdicts:
        return joined([bold("No workflow is in force."), "There is nothing to review."])
    found = Counter(verdicts)
    told = [f"{verdict} {counted(count, 'workflow')}" for verdict, count in sorted(found.items())]
    first = bold(f"The numbers say: {', '.join(told)}.")
    return joined([first, "They propose; a person decides, and nothing is retired by itself."])
