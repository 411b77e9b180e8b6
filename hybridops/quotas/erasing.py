"""Who stopped spending and why, and what people of finance wrote, taken away."""

from __future__ import annotations

from django.db import transaction

from hybridops.domain.erasure import GONE, Erased
from hybridops.quotas.models import Change, InvoiceLine, SpendingStop


@transaction.atomic(savepoint=False)
def erase(person: Erased) -> set[str]:
    """Erases the name and the reason of every stop of theirs, and their reasons for changes and lines of bills.

    A stop that stands goes on standing, a proposal that is open goes on waiting.

    Returns the reasons, for whoever quoted them.
    """
    stops = SpendingStop.objects.filter(by__in=person.called)
    said = set(stops.values_list("why", flat=True))
    stops.update(by=person.mark, why=GONE)
    changes = Change.objects.filter(by=person.id)
    said |= set(changes.values_list("why", flat=True))
    changes.update(why=GONE)
    aside = InvoiceLine.objects.filter(ended_by=person.id)
    said |= set(aside.values_list("why", flat=True))
    aside.update(why=GONE)
    SpendingStop.objects.filter(lifted_by__in=person.called).update(lifted_by=person.mark)
    return said
