"""Backends as workers saw them: what was true when, by digest, and what holds now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hybridops.backends import services, waiting
from hybridops.backends.models import Listing, Observation, Snapshot
from hybridops.domain import clock
from tests.engine.fake import CLOUD, Scripted

pytestmark = pytest.mark.django_db


def test_what_was_seen_reads_back() -> None:
    seen = list(Scripted().backends())
    now = clock.now()
    with clock.at(now):
        services.observe(seen)
    assert services.known() == [replace(one, observed_at=now) for one in seen]


def test_the_same_calibration_is_one_snapshot_whatever_the_queue() -> None:
    first = list(Scripted().backends())
    services.observe(first)
    services.observe([replace(one, queue_length=99, available=False) for one in first])
    assert (Snapshot.objects.count(), Listing.objects.count()) == (2, 2)
    assert {(one.queue_length, one.available) for one in services.known()} == {(99, False)}


def test_a_new_calibration_keeps_the_old_one_readable() -> None:
    services.observe(Scripted().backends())
    old = {one.name: one.digest for one in services.known()}
    CLOUD.calibration = "b"
    with clock.at(clock.now() + timedelta(hours=1)):
        services.observe(Scripted().backends())
    new = {one.name: one.digest for one in services.known()}
    assert set(old) == set(new)
    assert not set(old.values()) & set(new.values())
    kept, fresh = services.snapshot(old["aster"]), services.snapshot(new["aster"])
    assert kept is not None
    assert fresh is not None
    assert (kept["calibration"], fresh["calibration"]) == ({"version": "a"}, {"version": "b"})
    assert services.snapshot("0" * 64) is None


def test_one_that_is_not_seen_any_more_stays_as_it_was() -> None:
    services.observe(Scripted().backends())
    services.observe(list(Scripted().backends())[:1])
    assert [one.name for one in services.known()] == ["aster", "kelvin"]


def test_what_goes_wrong_in_the_middle_leaves_nothing() -> None:
    seen = list(Scripted().backends())
    with pytest.raises(TypeError):
        services.observe([seen[0], None])  # type: ignore[list-item]
    assert not Listing.objects.exists()
    assert not Snapshot.objects.exists()


def test_queues_are_remembered_some_minutes_apart_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "KEPT", 3)
    start, one = clock.now(), Scripted().backends()[0]
    for minute in range(30):
        with clock.at(start + timedelta(minutes=minute)):
            services.observe([replace(one, wait_seconds=float(minute))])
    kept = Observation.objects.order_by("seen_at").values_list("wait_seconds", flat=True)
    assert list(kept) == [15.0, 20.0, 25.0]
    found = waiting.waits()["scripted", "aster"]
    assert sorted(found.seen) == [15.0, 20.0, 25.0, 29.0]
    assert (found.quantile(0.5), found.quantile(0.9)) == (20.0, 29.0)


def test_a_closed_backend_or_one_that_tells_no_wait_leaves_none() -> None:
    one = Scripted().backends()[0]
    services.observe([replace(one, available=False), replace(one, name="silent", wait_seconds=None)])
    assert not Observation.objects.exists()
    assert ("scripted", "silent") not in waiting.waits()
