"""How much each backend takes from us at once and a minute. Where nothing is said, nothing limits."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from hybridops.audit.services import record
from hybridops.backends.models import Cap, Listing
from hybridops.domain.actors import Actor
from hybridops.domain.dispatch import Cap as Limit
from hybridops.domain.dispatch import Key
from hybridops.domain.errors import BadInput, Conflict

AT_ONCE_MAX, PER_MINUTE_MAX = 10_000, 1_000


def caps() -> dict[Key, Cap]:
    """Every cap by provider and backend; the whole provider under an empty backend."""
    return {(row.provider, row.backend): row for row in Cap.objects.order_by("provider", "backend")}


def limits(*, locked: bool = False) -> dict[Key, Limit]:
    """The same as the rules read them. `locked`: whoever else gives or takes turns waits until the transaction ends."""
    rows = Cap.objects.order_by("pk")
    found = rows.select_for_update() if locked else rows
    return {(row.provider, row.backend): Limit(row.at_once, row.per_minute) for row in found}


@transaction.atomic(savepoint=False)
def change(
    *,
    provider: str,
    backend: str,
    at_once: int | None,
    per_minute: int | None,
    seen: int,
    why: str,
    actor: Actor,
) -> None:
    """Sets a cap. What is there stays, what comes meets the new one.

    `seen` is the version the person was looking at, 0 where there was none: Conflict where it has changed since.
    """
    _check(provider, backend, at_once, per_minute, why)
    values = {"at_once": at_once, "per_minute": per_minute, "version": seen + 1}
    before = Cap.objects.filter(provider=provider, backend=backend).first()
    if (before.version if before else 0) != seen:
        raise Conflict("Somebody changed this cap meanwhile. Read it again.")
    if before is None:
        try:
            with transaction.atomic():
                Cap.objects.create(provider=provider, backend=backend, **values)
        except IntegrityError as problem:
            raise Conflict("Somebody set this cap at this moment. Read it again.") from problem
    elif not _set(before.pk, seen, at_once, per_minute):
        raise Conflict("Somebody changed this cap meanwhile. Read it again.")
    was = {"at_once": before.at_once, "per_minute": before.per_minute} if before else {}
    facts = {"provider": provider, "backend": backend, "from": was, "to": values}
    record(stream="queues", action="cap.changed", actor=actor, facts=facts, personal={"why": why.strip()})


def _set(pk: int, seen: int, at_once: int | None, per_minute: int | None) -> bool:
    """Whether it still stood as it was seen."""
    rows = Cap.objects.filter(pk=pk, version=seen)
    return rows.update(at_once=at_once, per_minute=per_minute, version=seen + 1) == 1


def _check(provider: str, backend: str, at_once: int | None, per_minute: int | None, why: str) -> None:
    known = Listing.objects.filter(provider=provider)
    if not (known.filter(name=backend) if backend else known).exists():
        raise BadInput("No such backend has been seen here.", field="at_once")
    if at_once is not None and not 0 <= at_once <= AT_ONCE_MAX:
        raise BadInput(f"At once is a whole number from 0 to {AT_ONCE_MAX}, or empty.", field="at_once")
    if per_minute is not None and not 1 <= per_minute <= PER_MINUTE_MAX:
        raise BadInput(f"A minute takes 1 to {PER_MINUTE_MAX}, or empty.", field="per_minute")
    if not why.strip():
        raise BadInput("Say why: it stays in the trail.", field="why")
