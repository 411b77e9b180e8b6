"""What teams used lately: kept up to a day ago, read from there on, and the same number either way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hybridops.domain import clock
from hybridops.engine.inline import ask_providers
from hybridops.engine.sweep import Sweeper, keep_use
from hybridops.experiments import sites, use
from hybridops.experiments.models import Run, Submission
from tests.engine.turning import approved, cap
from tests.world import World


@pytest.fixture
def billed(world: World) -> list[Run]:
    """Three jobs with their bills, of three days, two hours and one moment ago; and one that is still promised."""
    runs = [approved(world) for _ in range(4)]
    for run, ago in zip(runs, (timedelta(days=3), timedelta(hours=2), timedelta(0)), strict=False):
        ask_providers(run.pk)
        ask_providers(run.pk)
        Submission.objects.filter(run=run).update(ended_at=clock.now() - ago)
    assert list(Submission.objects.order_by("pk").values_list("settled", flat=True)) == [
        True,
        True,
        True,
        False,
    ]
    return runs


def counted() -> dict[str, float]:
    """Every bill, one by one."""
    cache.delete(use.KEPT)
    return use.used(sites.rules())


@pytest.mark.parametrize("hours", [0, 1, 30, 24 * 7, 24 * 80])
def test_what_is_kept_says_what_the_bills_say_however_long_ago_it_was_kept(
    world: World, billed: list[Run], hours: int
) -> None:
    use.keep_use(sites.rules())
    with clock.at(clock.now() + timedelta(hours=hours)):
        kept = use.used(sites.rules())
        assert kept == pytest.approx(counted(), rel=0.01 if hours > 24 * 8 * 7 else 1e-9)
    assert kept[world.team.slug] > 0


def test_bills_of_before_are_not_read_again(world: World, billed: list[Run]) -> None:
    keep_use(Sweeper())()
    kept = cache.get(use.KEPT)
    Submission.objects.filter(run=billed[0]).update(cost_micro=10**9)
    assert use.used(sites.rules())[world.team.slug] < 10**8
    assert kept.used.keys() == {world.team.slug}
    keep_use(Sweeper())()  # an hour later, by another sweeper or this one
    assert use.used(sites.rules())[world.team.slug] > 10**8


def test_the_sweeper_keeps_it_once_an_hour(world: World, billed: list[Run]) -> None:
    sweeper = Sweeper()
    part = keep_use(sweeper)
    part()
    with CaptureQueriesContext(connection) as asked:
        part()
    assert not asked.captured_queries


def test_another_rule_or_an_earlier_moment_does_not_take_it(world: World, billed: list[Run]) -> None:
    use.keep_use(sites.rules())
    short = replace(sites.rules(), half_life_seconds=3600.0)
    assert use.used(short)[world.team.slug] < use.used(sites.rules())[world.team.slug]
    with clock.at(clock.now() - timedelta(days=2)):
        assert use.used(sites.rules()) == counted()


def test_turns_are_given_by_it(world: World, billed: list[Run]) -> None:
    use.keep_use(sites.rules())
    cap(1)
    assert sites.site({}, [], sites.rules()).used == pytest.approx(counted(), rel=1e-6)
