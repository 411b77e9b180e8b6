"""One stop holds all QPU work of the installation."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.actors import Actor
from hybridops.domain.errors import BadInput, Conflict
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
    """Lifts the stop; nothing happens where none stands."""
    lifted = SpendingStop.objects.filter(standing=True).update(
        standing=None, lifted_at=clock.now(), lifted_by=actor.name
    )
    if lifted:
        record(stream="spending", action="spending.resumed", actor=actor, facts={})
