"""What one person wrote at the gate, taken away. Votes, their digests and their signatures stay as they are:
a signature covers the salted digests of words and no name.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from hybridops.approvals.models import (
    AfterReview,
    ApprovalRequest,
    BreakGlass,
    Comment,
    Decision,
    Delegation,
    Freeze,
)
from hybridops.domain.erasure import GONE, Erased


@transaction.atomic(savepoint=False)
def erase(person: Erased) -> dict[str, set[str]]:
    """Erases names and words; what they had said about each subject, for whoever quoted it."""
    said: dict[str, set[str]] = {}
    for row in Decision.objects.filter(person=person.id).select_related("request"):
        said.setdefault(row.request.subject, set()).add(row.reason)
        by = person.mark if row.on_behalf_id is None else person.without(row.by)
        Decision.objects.filter(pk=row.pk).update(by=by, reason=GONE if row.reason else "")
    for row in Decision.objects.filter(on_behalf=person.id):
        Decision.objects.filter(pk=row.pk).update(by=person.without(row.by))
    Comment.objects.filter(person=person.id).update(text=GONE)
    AfterReview.objects.filter(person=person.id).update(text=GONE)
    BreakGlass.objects.filter(person=person.id).update(reason=GONE, ticket=GONE)
    Delegation.objects.filter(giver=person.id).update(why=GONE)
    Freeze.objects.filter(made_by=person.id).update(why=GONE)
    return said


@transaction.atomic(savepoint=False)
def erase_titles(titles: Mapping[str, str]) -> dict[int, str]:
    """The same for titles that went, by subject; returns them by request."""
    found: dict[int, str] = {}
    for subject, title in titles.items():
        rows = ApprovalRequest.objects.filter(subject=subject)
        found |= dict.fromkeys(rows.values_list("pk", flat=True), title)
        rows.update(title=GONE)
    return found
