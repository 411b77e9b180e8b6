"""The database itself refuses a decision on one's own work, for whoever writes around the services."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from hybridops.approvals.models import ApprovalRequest, Decision
from tests.approvals.asking import ask
from tests.world import World


def write(request: ApprovalRequest, **who: int | None) -> Decision:
    """A row as no service would write it."""
    with transaction.atomic():
        return Decision.objects.create(
            request=request, revision=request.revision, by="somebody", verdict="approve", digest=request.digest,
            envelope={}, made_at=request.asked_at, **who,
        )  # fmt: skip


@pytest.mark.parametrize("field", ["person_id", "on_behalf_id"])
def test_nobody_s_row_is_about_their_own_work(world: World, field: str) -> None:
    request = ask(world, user=world.tomas)  # with data that Ines added
    assert world.ines.pk in request.involved
    for own in (world.tomas, world.ines):
        with pytest.raises(DatabaseError, match="nobody decides"):
            write(request, **{field: own.pk})
    assert not request.decisions.exists()
    write(request, **{field: world.ada.pk})
    write(ask(world, user=world.ines, title="another"), **{field: world.tomas.pk})


def test_a_policy_s_row_names_nobody(world: World) -> None:
    assert write(ask(world)).person_id is None
