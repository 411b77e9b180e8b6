"""What machines were told goes after its days, in batches; what waits and what was given up never does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from hybridops.config import environment
from hybridops.domain.states import NoticeState
from hybridops.outbox.ageing import remove_told
from hybridops.outbox.models import Delivery, Message, Publication, Webhook
from tests.world import World


def rows(world: World, days: int, each: int = 1) -> None:
    hook = Webhook.objects.create(
        team=world.team, url="https://x.example.org/", kinds=[], made_at=timezone.now()
    )
    at = timezone.now() - timedelta(days=days)
    for number in range(each):
        for state in NoticeState:
            ended = None if state == NoticeState.QUEUED else at
            told: dict[str, Any] = {
                "key": f"{days}-{number}-{state}", "kind": "run.ended", "state": state, "made_at": at, "next_at": at,
                "ended_at": ended,
            }  # fmt: skip
            Delivery.objects.create(webhook=hook, body="{}", **told)
            Publication.objects.create(broker="b", body="{}", **told)
            Message.objects.create(to=world.ines, pace="now", subject="s", text="t", path="/", **told)


def kept(kind: Any) -> list[str]:
    return sorted(f"{row.key.split('-')[0]} {row.state}" for row in kind.objects.all())


def test_only_what_left_long_ago_goes(world: World) -> None:
    rows(world, 31)
    rows(world, 29)
    assert remove_told() == 4
    for kind in (Delivery, Publication):
        assert kept(kind) == sorted(
            ["31 queued", "31 given_up", "29 queued", "29 sent", "29 given_up", "29 dropped"]
        )
    assert Message.objects.count() == 8
    assert remove_told() == 0


def test_it_goes_in_batches_the_oldest_first(world: World, settings: Any) -> None:
    settings.OUTBOX_DAYS = 7
    rows(world, 9)
    rows(world, 8, each=2)
    assert remove_told(limit=2) == 4
    assert "9 sent" not in kept(Delivery) and kept(Delivery).count("8 sent") == 2
    assert [remove_told(limit=3), remove_told(limit=3), remove_told(limit=3)] == [6, 2, 0]


@pytest.mark.parametrize("told", ["0", "-1", "a week", "1.5"])
def test_days_are_a_whole_number(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("HYBRIDOPS_OUTBOX_DAYS", told)
    with pytest.raises(ImproperlyConfigured):
        environment.outbox_days()
    monkeypatch.setenv("HYBRIDOPS_OUTBOX_DAYS", "7")
    assert environment.outbox_days() == 7
