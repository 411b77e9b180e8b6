"""Mails to one person, and their name in what was told to others, taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping

from django.db import transaction
from django.db.models import Q

from hybridops.domain.erasure import GONE, Erased
from hybridops.outbox.models import Choice, Delivery, Message, Publication
from hybridops.trust.canonical import canonical


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
    for event in _events():
        _rewrite(event, lambda _, text: person.without(text, words))


@transaction.atomic(savepoint=False)
def erase_titles(titles: Mapping[str, str]) -> None:
    """Takes titles out of what was told of the pages at these paths."""

    def without(path: str, text: str) -> str:
        return text.replace(titles[path], GONE) if path in titles else text

    for row in Message.objects.filter(path__in=titles):
        subject, text = without(row.path, row.subject), without(row.path, row.text)
        Message.objects.filter(pk=row.pk).update(subject=subject[:160], text=text)
    for event in _events():
        _rewrite(event, without)


def _events() -> Iterator[Delivery | Publication]:
    yield from Delivery.objects.iterator()
    yield from Publication.objects.iterator()


def _rewrite(row: Delivery | Publication, change: Callable[[str, str], str]) -> None:
    """Other words in an event, by its path. The body stays canonical JSON, whatever the words are."""
    event = json.loads(row.body)
    told = event["data"]
    told |= {name: change(event["subject"], told[name]) for name in ("subject", "text") if name in told}
    if (body := canonical(event).decode()) != row.body:
        type(row)._default_manager.filter(pk=row.pk).update(body=body)
