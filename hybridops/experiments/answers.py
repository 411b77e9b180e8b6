"""What follows an answer at the gate, and the answer that one person gives in an emergency."""

from __future__ import annotations

from django.db import transaction

from hybridops.approvals import breakglass
from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import request_for
from hybridops.definitions.queries import policy
from hybridops.domain.presence import Presence
from hybridops.domain.states import RequestState
from hybridops.experiments import conduct
from hybridops.experiments.books import hold
from hybridops.teams.access import actor
from hybridops.teams.models import User


@transaction.atomic(savepoint=False)
def break_glass(
    *, user: User, request_id: int, digest_shown: str, reason: str, ticket: str, presence: Presence
) -> ApprovalRequest:
    """An emergency approval under the cap of the policy in force; the run goes on."""
    hold(request_for(user, request_id).envelope["run"])
    done = breakglass.use(
        user=user,
        request_id=request_id,
        digest_shown=digest_shown,
        reason=reason,
        ticket=ticket,
        presence=presence,
        door=policy()[0].break_glass,
    )
    return go_on(done, user)


def go_on(done: ApprovalRequest, user: User) -> ApprovalRequest:
    """After an answer the gate looks again, and so do the inboxes."""
    if done.state != RequestState.PENDING:
        conduct.wake_gate(done.envelope["run"], f"the request is {done.state.replace('_', ' ')}", actor(user))
    conduct.inbox_changed(done.pk)
    return done
