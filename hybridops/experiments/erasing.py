"""A person's name and words in what is shown beside runs and data, taken away."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q

from hybridops.domain.erasure import GONE, Erased
from hybridops.domain.errors import Refused
from hybridops.experiments.models import DataSnapshot, LegalHold, Run, Stage, Submission


def check_nothing_open(person: Erased) -> None:
    """Raises Refused while a run of theirs, or on data of theirs, goes on: cancel it or hand it over first."""
    theirs = Q(requested_by=person.id) | Q(experiment__owner=person.id)
    data = Q(experiment__snapshot__added_by=person.id) | Q(experiment__snapshot__owner=person.id)
    run = Run.objects.filter(theirs | data, outcome="").first()
    if run is not None:
        raise Refused(f"{run} of theirs still goes on. Cancel it, wait, or hand it over first.")


@transaction.atomic(savepoint=False)
def erase(person: Erased, said: Mapping[str, set[str]]) -> None:
    """`said`: their words at the gate by subject, which a run may quote as the reason of its end."""
    words = {int(subject.removeprefix("run:")): texts for subject, texts in said.items()}
    named = Q(pk__in=words)
    for name in person.called:
        named |= Q(why__contains=name)
    for run in Run.objects.filter(named).exclude(why=""):
        why = person.without(run.why, words.get(run.pk, ()))
        Run.objects.filter(pk=run.pk).update(why=why[:500])
    for name in person.called:
        for stage in Stage.objects.filter(why__contains=name):
            Stage.objects.filter(pk=stage.pk).update(why=person.without(stage.why)[:500])
        for row in Submission.objects.filter(error__contains=name):
            Submission.objects.filter(pk=row.pk).update(error=person.without(row.error)[:500])
    DataSnapshot.objects.filter(Q(owner=person.id) | Q(added_by=person.id)).exclude(class_why="").update(
        class_why=GONE
    )
    lifted = LegalHold.objects.filter(lifted_at__isnull=False)
    lifted.filter(set_by=person.id).update(why=GONE)
    lifted.filter(lifted_by=person.id).update(lifted_why=GONE)
