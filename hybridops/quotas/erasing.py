"""Who stopped spending and why, taken away."""

from __future__ import annotations

from django.db import transaction

from hybridops.domain.erasure import GONE, Erased
from hybridops.quotas.models import SpendingStop


@transaction.atomic(savepoint=False)
def erase(person: Erased) -> set[str]:
    """Erases the name and the reason of every stop of theirs; a stop that stands goes on standing.

    Returns the reasons, for whoever quoted them.
    """
    stops = SpendingStop.objects.filter(by__in=person.called)
    said = set(stops.values_list("why", flat=True))
    stops.update(by=person.mark, why=GONE)
    SpendingStop.objects.filter(lifted_by__in=person.called).update(lifted_by=person.mark)
    return said
