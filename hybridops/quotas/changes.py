"""Four eyes: one person of finance proposes, another confirms, never the same one."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.errors import Conflict, Refused
from hybridops.outbox.services import tell
from hybridops.quotas.models import Change
from hybridops.teams.access import actor
from hybridops.teams.models import User


def propose(
    *, user: User, made: Change, stream: str, why: str, name: str, to: Iterable[int], path: str
) -> Change:
    """Writes a proposal down and tells the others who may confirm it. Raises Conflict while another one is open."""
    made.why, made.by, made.made_at = why.strip()[:300], user, clock.now()
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as problem:
        raise Conflict("Another proposal is open for this. It is confirmed or declined first.") from problem
    facts = {"change": made.pk, "from_micro": made.from_micro, "to_micro": made.to_micro}
    record(
        stream=stream, action="change.proposed", actor=actor(user), facts=facts, personal={"why": made.why}
    )
    tell(
        kind="budget.proposed",
        occasion=f"change:{made.pk}",
        to=sorted(set(to) - {user.pk}),
        team_id=None,
        subject=f"A change of {name} waits for a second person",
        text=f"{user} proposed it. It counts once another person of finance confirms it.",
        path=path,
    )
    return made


def open_change(change_id: int) -> Change | None:
    """A proposal that nobody decided, its row taken until the transaction ends."""
    rows = Change.objects.select_for_update(of=("self",)).filter(pk=change_id, decided_at=None)
    return rows.select_related("by").first()


def decide(*, change: Change, user: User, confirm: bool, stream: str) -> None:
    """Ends a proposal. Raises Refused where somebody would confirm their own."""
    if confirm and change.by_id == user.pk:
        raise Refused("You proposed this, so another person of finance confirms it.")
    ended = Change.objects.filter(pk=change.pk, decided_at=None).update(
        decided_by=user, decided_at=clock.now(), confirmed=confirm
    )
    if not ended:
        raise Conflict("Somebody decided on this meanwhile.")
    facts = {"change": change.pk, "confirmed": confirm, "proposed_by": change.by_id}
    record(stream=stream, action="change.decided", actor=actor(user), facts=facts)
