"""Mails to one person, and their name in what was told to others, taken away."""

from __future__ import annotations

import json
from collections.abc import Collection

from django.db import transaction
from django.db.models import Q

from hybridops.domain.erasure import GONE, Erased
from hybridops.outbox.models import Choice, Delivery, Message


@transaction.atomic(savepoint=False)
def erase(person: Erased, words: Collection[str]) -> None:
    """Empties what was told to them; in what was told to others, `words` of theirs and their names go."""
    Message.objects.filter(to=person.id).update(subject=GONE, text=GONE)
    Choice.objects.filter(person=person.id).delete()
    found = Q()
    for one in {*person.called, *words} - {""}:
        found |= Q(subject__contains=one) | Q(text__contains=one)
    for row in Message.objects.filter(found) if found else ():
        subject, text = person.without(row.subject, words), person.without(row.text, words)
        Message.objects.filter(pk=row.pk).update(subject=subject[:160], text=text)
    _erase_deliveries(person, words)


def _erase_deliveries(person: Erased, words: Collection[str]) -> None:
    """The body is canonical JSON and stays it: what is looked for is written as JSON writes it."""
    written = Erased(person.id, frozenset(_in_json(one) for one in person.called))
    theirs = {_in_json(one) for one in words}
    found = Q()
    for one in {*written.called, *theirs} - {""}:
        found |= Q(body__contains=one)
    for row in Delivery.objects.filter(found) if found else ():
        Delivery.objects.filter(pk=row.pk).update(body=written.without(row.body, theirs))


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
