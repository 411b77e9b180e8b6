"""A person's name and words in what is shown beside runs and data, taken away."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat

from hybridops.domain.erasure import GONE, Erased
from hybridops.domain.errors import Refused
from hybridops.experiments.models import DataSnapshot, Experiment, LegalHold, Run, Stage, Submission


def check_nothing_open(person: Erased) -> None:
    """Raises Refused while a run of theirs, or on data of theirs, goes on: cancel it or hand it over first."""
    theirs = Q(requested_by=person.id) | Q(experiment__owner=person.id)
    data = Q(experiment__snapshot__added_by=person.id) | Q(experiment__snapshot__owner=person.id)
    run = Run.objects.filter(theirs | data, ended_at=None).first()
    if run is not None:
        raise Refused(f"{run} of theirs still goes on. Cancel it, wait, or hand it over first.")


@transaction.atomic(savepoint=False)
def erase(person: Erased, said: Mapping[str, set[str]]) -> dict[int, str]:
    """`said`: their words at the gate by subject, which a run may quote as the reason of its end.

    Returns the titles that went, by run, for whoever quotes them.
    """
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
    _erase_data_names(person)
    lifted = LegalHold.objects.filter(lifted_at__isnull=False)
    lifted.filter(set_by=person.id).update(why=GONE)
    lifted.filter(lifted_by=person.id).update(lifted_why=GONE)
    return _erase_titles(person)


def _erase_data_names(person: Erased) -> None:
    """What they called the data they added; with its number it can still be told from other data."""
    numbered = Concat(Value(f"{GONE} "), Cast(F("pk"), CharField()))
    DataSnapshot.objects.filter(added_by=person.id).update(name=numbered, filename=GONE)


def _erase_titles(person: Erased) -> dict[int, str]:
    """What they called the runs they asked for, also where somebody replayed these."""
    titles: dict[int, str] = {}
    runs = Run.objects.filter(requested_by=person.id, replay_of=None)
    while found := dict(runs.values_list("pk", "experiment__title")):
        titles |= found
        runs = Run.objects.filter(replay_of__in=runs)
    for run_id in titles:
        Experiment.objects.filter(runs=run_id).update(title=GONE, business_outcome=GONE, anyway=GONE)
    return titles
