"""Each row of the numbers-and-units table, fixed. `_` stands for the narrow no-break space."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template

from hybridops.web import fmt

NOW = datetime(2026, 11, 22, 10, 2, 14, tzinfo=UTC)


def seen(text: str) -> str:
    return text.replace(fmt.THIN, "_")


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (fmt.number(12000), "12_000"),
        (fmt.number(999), "999"),
        (fmt.number(1284, "m"), "1_284_m"),
        (fmt.number(-12, "m"), "−12_m"),
        (fmt.number(3.50), "3.5"),
        (fmt.number(1e21), "1_000_000_000_000_000_000_000"),
        (fmt.number(-0.0), "0"),
        (fmt.number(-0.04, "m", 1), "0.0_m"),
        (fmt.shots(8000), "8_000"),
        (fmt.ratio(6.9), "6.9×"),
        (fmt.money(Decimal("18.71")), "$18.71"),
        (fmt.money(Decimal("9999.99")), "$9_999.99"),
        (fmt.money(Decimal("9999.996")), "$10_000"),
        (fmt.money(Decimal("12345.6")), "$12_346"),
        (fmt.money(Decimal("-4.12")), "−$4.12"),
        (fmt.money(Decimal(0)), "$0.00"),
        (fmt.money(Decimal("0.004")), "under $0.01"),
        (fmt.money(Decimal("0.005")), "$0.01"),
        (fmt.money(Decimal(5), "EUR"), "€5.00"),
        (fmt.money(Decimal(5), "CHF"), "CHF_5.00"),
        (fmt.money_whole(Decimal(4000)), "$4_000"),
        (fmt.price(Decimal("0.00145")), "$0.00145"),
        (fmt.duration(1880), "31_min 20_s"),
        (fmt.duration(65), "1_min 05_s"),
        (fmt.duration(120), "2_min"),
        (fmt.duration(11520), "3_h 12_min"),
        (fmt.duration(3599.7), "1_h"),
        (fmt.duration(97200), "1_d 03_h"),
        (fmt.duration(0.41), "410_ms"),
        (fmt.duration(0.0001), "1_ms"),
        (fmt.duration(0.9999), "1_s"),
        (fmt.duration(59.6), "1_min"),
        (fmt.duration(0), "0_s"),
        (fmt.clock(NOW), "10:02"),
        (fmt.clock(NOW, seconds=True), "10:02:14"),
        (fmt.utc(NOW), "2026-11-22T10:02:14Z"),
        (fmt.day(date(2026, 11, 3), NOW), "3_Nov"),
        (fmt.day(date(2025, 11, 3), NOW), "3_Nov_2025"),
        (fmt.relative(NOW - timedelta(minutes=42), NOW), "42_min ago"),
        (fmt.relative(NOW - timedelta(seconds=20), NOW), "20_s ago"),
        (fmt.relative(NOW + timedelta(hours=5, minutes=18), NOW), "in 5_h 18_min"),
        (fmt.relative(NOW - timedelta(days=19), NOW), "3_Nov"),
        (fmt.percent(0.66), "66_%"),
        (fmt.percent(0), "0_%"),
        (fmt.percent(1), "100_%"),
        (fmt.percent(0.001), "under 1_%"),
        (fmt.percent(0.999), "over 99_%"),
        (fmt.difference(-0.009), "−0.9_%"),
        (fmt.difference(0.008), "+0.8_%"),
        (fmt.error_rate(0.0062), "0.62_%"),
        (fmt.interval(0.9, 0.4), "0.9_% ± 0.4"),
        (fmt.change(-12, "m", "tabu search"), "−12_m vs tabu search"),
        (fmt.change(3, "m"), "+3_m"),
        (fmt.change(0, "m"), "0_m"),
        (fmt.compare(-0.9, "shorter", "longer"), "0.9_% shorter"),
        (fmt.compare(0.01, "shorter", "longer"), "no difference"),
        (fmt.odds(0.8), "8 in 10"),
        (fmt.odds(0.999), "over 9 in 10"),
        (fmt.identifier("R", 2417), "R-2417"),
        (fmt.csv_number(Decimal("1284.50")), "1284.50"),
        (fmt.csv_number(1e-7), "0.0000001"),
        (fmt.csv_number(None), ""),
    ],
)
def test_each_row_of_the_table(shown: str, wanted: str):
    assert seen(shown) == wanted


def test_an_estimate_is_never_one_bare_number():
    whole = fmt.money_estimate(Decimal("18.65"), Decimal("30.85"), Decimal("36.95"), Decimal(45))
    assert whole == "likely $30.85, $18.65 to $36.95, cap $45.00"
    assert (
        fmt.money_estimate(None, Decimal("30.85"), None, None)
        == "likely $30.85, range not reported, cap not set"
    )


def test_a_hash_is_four_groups_of_four_and_whole_in_eights():
    digest = "sha256:" + "9f3c1b7e04aa62d18c55e0f73b1290ad66fe47c310d98b2e5a7741cc0be3a17e"
    assert fmt.short_hash(digest) == "9f3c 1b7e 04aa … a17e"
    assert fmt.full_hash(digest).startswith("9f3c1b7e 04aa62d1 ")
    assert fmt.short_hash("abcd1234") == "abcd 1234"
    assert fmt.short_hash(None) == fmt.full_hash("") == "not set"


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), Decimal("NaN")])
@pytest.mark.parametrize(
    "formatter",
    [fmt.number, fmt.money, fmt.duration, fmt.percent, fmt.shots, fmt.ratio, fmt.change, fmt.odds],
)
def test_what_nobody_reported_is_said_in_words(formatter: Callable[[Any], str], nothing: object):
    assert formatter(nothing) == "not reported"
    assert formatter(fmt.NOT_APPLICABLE) == "–"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        fmt.clock(datetime(2026, 11, 22, 10, 2))  # noqa: DTZ001


def test_templates_speak_the_same_way():
    template = Template(
        "{% load fmt %}{{ n|number:'m' }};{{ no|or_not_set|money }};{{ t|time_tag }};{{ h|hash }}"
    )
    page = template.render(Context({"n": 1284, "no": None, "t": NOW, "h": "ab" * 32}))
    assert seen(page) == (
        '1_284_m;not set;<time datetime="2026-11-22T10:02:14Z" title="2026-11-22 10:02:14 UTC">10:02</time>;'
        "abab abab abab … abab"
    )
