"""What one person wrote about definitions, taken away. Documents, reviews and their signatures stay."""

from __future__ import annotations

from django.db import transaction

from hybridops.definitions.models import Draft, Review, WeeklyNote
from hybridops.domain.erasure import GONE, Erased


@transaction.atomic(savepoint=False)
def erase(person: Erased) -> None:
    """Erases names and words beside the documents."""
    words = set(Review.objects.filter(person=person.id).values_list("reason", flat=True))
    for row in Draft.objects.exclude(why="", source_name=""):
        name = GONE if row.source_name and person.id in row.editors else row.source_name
        why = person.without(row.why, words)[:300]
        if (why, name) != (row.why, row.source_name):
            Draft.objects.filter(pk=row.pk).update(why=why, source_name=name)
    Review.objects.filter(person=person.id).exclude(reason="").update(reason=GONE)
    WeeklyNote.objects.filter(person=person.id).update(why=GONE)
