"""The thread beside a request. Nothing said here decides anything."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from hybridops.approvals.models import ApprovalRequest, Comment
from hybridops.approvals.notices import say
from hybridops.approvals.queries import request_for
from hybridops.audit.services import record
from hybridops.domain import clock
from hybridops.domain.errors import BadInput
from hybridops.teams.access import actor
from hybridops.teams.models import User

LONGEST = 2000


@transaction.atomic(savepoint=False)
def comment(*, user: User, request_id: int, text: str) -> Comment:
    """Adds a remark for everybody who sees the request."""
    request = request_for(user, request_id)
    if not 0 < len(text.strip()) <= LONGEST:
        raise BadInput(f"Write something, at most {LONGEST} characters.", field="text")
    made = Comment.objects.create(request=request, person=user, text=text.strip(), made_at=clock.now())
    facts, said = {"comment": made.pk}, {"text": made.text}
    stream = f"request:{request.pk}"
    record(stream=stream, action="approval.commented", actor=actor(user), facts=facts, personal=said)
    heard = {request.requester_id, *request.comments.values_list("person_id", flat=True)} - {user.pk}
    say("comment", request, to=heard, facts={"comment": made.pk, "by": str(user)})
    return made


def thread(request: ApprovalRequest) -> QuerySet[Comment]:
    """What was said, oldest first."""
    return request.comments.select_related("person").order_by("id")
