"""Mails over a real SMTP server: once, later where that was chosen, and never a reason for anything to change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from hybridops.audit.models import AuditEvent
from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict
from hybridops.outbox import queue, services
from hybridops.outbox.kinds import KINDS, Pace
from hybridops.outbox.mailing import send_due
from hybridops.outbox.models import Message
from hybridops.teams.access import actor
from tests.outbox.conftest import Mailbox
from tests.world import World


def tell(
    world: World, kind: str = "spending.stopped", occasion: str = "stop:1", text: str = "It is."
) -> None:
    services.tell(
        kind=kind, occasion=occasion, to=[world.ines.pk, world.omar.pk], team_id=world.team.pk,
        subject="QPU spending\nis stopped", text=text, path="/runs/1/",
    )  # fmt: skip


def later(**more: int) -> None:
    """As if so much time had gone by for everything that waits."""
    Message.objects.update(next_at=timezone.now() - timedelta(**(more or {"seconds": 1})))


def test_each_person_gets_one_mail_an_occasion(world: World, mailbox: Mailbox) -> None:
    tell(world)
    tell(world)
    assert send_due() == 2
    assert send_due() == 0
    assert sorted(str(mail["To"]) for mail in mailbox.mails) == ["ines@example.org", "omar@example.org"]
    mail = mailbox.mails[0]
    assert mail["Subject"] == "QPU spending is stopped"
    assert "/runs/1/" in mail.get_content()
    assert mail["Auto-Submitted"] == "auto-generated"


def test_what_is_wanted_daily_comes_as_one_mail_and_an_alarm_at_once(world: World, mailbox: Mailbox) -> None:
    services.choose(person_id=world.ines.pk, paces={"spending.stopped": "daily", "run.ended": "daily"})
    services.choose(person_id=world.omar.pk, paces={"spending.stopped": "never", "run.ended": "never"})
    tell(world)
    tell(world, "run.ended", "run:1:ended", "Accepted.")
    tell(world, "approval.alarm", "alarm:1")
    assert send_due() == 2
    assert {str(mail["To"]) for mail in mailbox.mails} == {"ines@example.org", "omar@example.org"}
    later()
    assert send_due() == 1
    digest = mailbox.mails[-1]
    assert digest["Subject"] == "2 messages from hybridops"
    assert "Accepted." in digest.get_content()
    assert "It is." in digest.get_content()


@pytest.mark.parametrize(
    ("pace", "hour", "leaves"),
    [
        (Pace.NOW, 5, (1, 5, 30)),
        (Pace.HOURLY, 5, (1, 6, 0)),
        (Pace.DAILY, 5, (1, 7, 0)),
        (Pace.DAILY, 7, (2, 7, 0)),
    ],
)
def test_a_digest_leaves_at_the_full_hour_or_at_seven(
    pace: Pace, hour: int, leaves: tuple[int, int, int]
) -> None:
    day, at, minute = leaves
    assert services.due(pace, datetime(2026, 3, 1, hour, 30, tzinfo=UTC)) == datetime(
        2026, 3, day, at, minute, tzinfo=UTC
    )


def test_seven_is_seven_in_the_organisation_s_time_zone() -> None:
    with override_settings(TIME_ZONE="Europe/Copenhagen"):
        summer = services.due(Pace.DAILY, datetime(2026, 7, 1, 12, tzinfo=UTC))
        winter = services.due(Pace.DAILY, datetime(2026, 12, 1, 12, tzinfo=UTC))
    assert (summer.astimezone(UTC).hour, winter.astimezone(UTC).hour) == (5, 6)


def test_a_transport_that_fails_is_tried_again_and_then_given_up_for_all_to_see(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.refuse = "451 try later"
    tell(world)
    for _ in range(queue.ATTEMPTS_MAX[Message]):
        assert send_due() == 0
        later()
    assert set(Message.objects.values_list("state", flat=True)) == {"given_up"}
    assert AuditEvent.objects.filter(action="notice.given_up").count() == 2
    assert "451" in Message.objects.first().error  # type: ignore[union-attr]
    mailbox.refuse = ""
    row = Message.objects.get(to=world.ines)
    queue.try_again(row=row, actor=actor(world.omar), now=timezone.now())
    stale = Message.objects.get(pk=row.pk)
    stale.state = "given_up"  # as somebody else's page still shows it
    with pytest.raises(Conflict), transaction.atomic():
        queue.try_again(row=stale, actor=actor(world.omar), now=timezone.now())
    assert send_due() == 1


def test_a_sender_that_died_in_between_sends_again_under_the_same_id(world: World, mailbox: Mailbox) -> None:
    services.tell(
        kind="run.ended", occasion="x", to=[world.ines.pk], team_id=None, subject="s", text="t", path="/"
    )
    later()
    assert len(list(queue.take(Message, 10))) == 1  # and it dies here
    assert list(queue.take(Message, 10)) == []
    later()
    assert send_due() == 1
    first = mailbox.mails[0]["Message-ID"]
    Message.objects.update(
        state="queued", next_at=timezone.now()
    )  # it had been sent, and nobody wrote it down
    send_due()
    assert mailbox.mails[1]["Message-ID"] == first


def test_who_has_left_is_told_nothing_more(world: World, mailbox: Mailbox) -> None:
    tell(world)
    world.ines.is_active = False
    world.ines.save()
    assert send_due() == 1
    assert Message.objects.get(to=world.ines).state == "dropped"


def test_a_person_without_an_address_is_seen_by_the_operator(world: World, mailbox: Mailbox) -> None:
    world.ines.email = ""
    world.ines.save()
    tell(world)
    assert send_due() == 1
    assert "no mail address" in Message.objects.get(to=world.ines).error


def test_nobody_is_told_of_a_rehearsed_past(world: World) -> None:
    with clock.at(datetime(2026, 1, 1, tzinfo=UTC)):
        tell(world)
    assert not Message.objects.exists()


@pytest.mark.parametrize("paces", [{"no.such": "daily"}, {"run.ended": "soon"}, {"approval.alarm": "never"}])
def test_a_choice_there_is_not_is_refused(world: World, paces: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        services.choose(person_id=world.ines.pk, paces=paces)


def test_every_kind_has_words() -> None:
    assert all(kind.label for kind in KINDS.values())
    assert all(kind.pace == Pace.NOW for kind in KINDS.values() if kind.urgent)
