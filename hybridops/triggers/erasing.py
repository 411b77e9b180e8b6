"""A person's name in why a schedule made no run, taken away. Schedules and hooks themselves hold no words."""

from __future__ import annotations

from django.db import transaction

from hybridops.domain.erasure import Erased
from hybridops.triggers.models import Firing


@transaction.atomic(savepoint=False)
def erase(person: Erased) -> None:
    for name in person.called:
        for row in Firing.objects.filter(why__contains=name):
            Firing.objects.filter(pk=row.pk).update(why=person.without(row.why)[:300])
