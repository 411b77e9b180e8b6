"""One stop holds all QPU work of the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.quotas.models import SpendingStop
from hybridops.quotas.queries import spending_stop


@transaction.atomic(savepoint=False)
def stop_spending(*, why: str, actor: Actor) -> SpendingStop:
    """Holds all QPU work from now on. A second stop while one stands answers the first."""
    if not why.strip():
        raise BadInput("Say why: everybody who waits will read it.", field="why")
    standing = spending_stop()
    if standing is not None:
        return standing
    try:
        with transaction.atomic():
            made = SpendingStop.objects.create(why=why.strip(), by=actor.name, made_at=clock.now())
    except IntegrityError as problem:
        raise Conflict("Somebody else stopped QPU spending at this moment.") from problem
    record(stream="spending", action="spending.stopped", actor=actor, facts={}, personal={"why": made.why})
    return made


@transaction.atomic(savepoint=False)
def resume_spending(*, actor: Actor) -> None:
    """Lifts the stop; nothing happens where none stands. Refused after a restore until the providers were asked."""
    standing = spending_stop()
    if standing is not None and standing.backup_at is not None and standing.asked_at is None:
        raise Refused(
            "This house was restored from a backup, and the providers were not asked yet what was sent since: "
            "run `manage.py reconcile`, then resume."
        )
    lifted = SpendingStop.objects.filter(standing=True).update(
        standing=None, lifted_at=clock.now(), lifted_by=actor.name
    )
    if lifted:
        record(stream="spending", action="spending.resumed", actor=actor, facts={})


@transaction.atomic(savepoint=False)
def stop_restored(*, why: str, backup_at: datetime, actor: Actor) -> None:
    """The stop that a restored house begins with; one that stood in the copy becomes it."""
    made = stop_spending(why=why, actor=actor)
    SpendingStop.objects.filter(pk=made.pk).update(backup_at=backup_at, asked_at=None, found=[])
    record_restored(backup_at=backup_at, actor=actor)


@transaction.atomic(savepoint=False)
def record_restored(*, backup_at: datetime, actor: Actor) -> None:
    record(
        stream="spending", action="house.restored", actor=actor, facts={"backup_at": backup_at.isoformat()}
    )


@transaction.atomic(savepoint=False)
def all_asked(*, found: Sequence[Mapping[str, object]], actor: Actor) -> None:
    """Every provider answered about what a restored copy does not know; these jobs it has no submission of."""
    asked = SpendingStop.objects.filter(standing=True, backup_at__isnull=False)
    if asked.update(asked_at=clock.now(), found=list(found)):
        record(stream="spending", action="house.reconciled", actor=actor, facts={"found": list(found)})
