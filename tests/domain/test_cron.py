"""When schedules are due, above all where the clock is set forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.cron import check_cron, latest, upcoming
from hybridops.domain.errors import BadInput

ZONE = "Europe/Copenhagen"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_time_of_day_is_the_zone_s_in_summer_and_winter() -> None:
    assert upcoming("0 6 * * *", ZONE, at("2026-07-01"), 1) == [at("2026-07-01T04:00")]
    assert upcoming("0 6 * * *", ZONE, at("2026-12-01"), 1) == [at("2026-12-01T05:00")]


def test_what_summer_time_leaves_out_is_due_right_after_once() -> None:
    """On 29 March 2026 there is no 02:30: at 02:00 it is 03:00."""
    assert upcoming("30 2 * * *", ZONE, at("2026-03-28T12:00"), 2) == [
        at("2026-03-29T01:00"),
        at("2026-03-30T00:30"),
    ]
    assert upcoming("0,30 2 * * *", ZONE, at("2026-03-28T12:00"), 2) == [
        at("2026-03-29T01:00"),
        at("2026-03-30T00:00"),
    ]


def test_what_comes_twice_in_autumn_is_due_once_and_what_is_every_so_often_in_both_hours() -> None:
    """On 25 October 2026 it is 02:30 twice."""
    assert upcoming("30 2 * * *", ZONE, at("2026-10-24T12:00"), 2) == [
        at("2026-10-25T00:30"),
        at("2026-10-26T01:30"),
    ]
    often = upcoming("*/30 * * * *", ZONE, at("2026-10-24T23:45"), 6)
    assert often == [at("2026-10-25T00:00") + n * timedelta(minutes=30) for n in range(6)]


@given(
    st.sampled_from(
        ["30 2 * * *", "*/30 * * * *", "15 1-3 * * *", "0 0 * * 0", "5 4 L * *", "0,45 2 * 3,10 *"]
    ),
    st.sampled_from([ZONE, "America/New_York", "Australia/Lord_Howe", "UTC", "Africa/Casablanca"]),
    st.integers(0, 365 * 24 * 60).map(lambda minutes: at("2026-01-01") + timedelta(minutes=minutes)),
)
def test_due_times_rise_and_do_not_depend_on_where_one_begins(cron: str, zone: str, after: datetime) -> None:
    dues = upcoming(cron, zone, after, 8)
    assert all(earlier < later for earlier, later in pairwise([after, *dues]))
    assert upcoming(cron, zone, dues[3], 4) == dues[4:]
    assert latest(cron, zone, dues[0], dues[5]) == dues[5]
    assert latest(cron, zone, dues[0], dues[5] - timedelta(seconds=1)) == dues[4]


@pytest.mark.parametrize(
    ("cron", "zone", "field"),
    [
        ("0 6 * *", ZONE, "cron"), ("* * * * * *", ZONE, "cron"), ("@daily", ZONE, "cron"), ("61 6 * * *", ZONE, "cron"),
        ("0 0 31 2 *", ZONE, "cron"), ("", ZONE, "cron"), ("x x x x x", ZONE, "cron"), ("* * * * *", ZONE, "cron"),
        ("*/4 * * * *", ZONE, "cron"), ("58,59 6 * * *", ZONE, "cron"), ("0 6 * * *", "Mars/Olympus", "zone"),
        ("0 6 * * *", "", "zone"), ("0 6 * * *", "../../etc/passwd", "zone"), ("0 6 * * *", "/etc/passwd", "zone"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused_with_its_field(cron: str, zone: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_cron(cron, zone, NOON)
    assert refused.value.field == field


@pytest.mark.parametrize("cron", ["0 6 * * 1-5", "*/5 * * * *", "0 0 29 2 *", "0 9 * * MON#1"])
def test_what_is_one_passes(cron: str) -> None:
    check_cron(cron, ZONE, NOON)
