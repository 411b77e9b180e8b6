"""Price rules: published examples to the cent, and what holds for every rule and every work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain import money, pricebook, quotes, rules
from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.ports import Usage
from hybridops.domain.rules import Rule
from hybridops.domain.work import Work
from tests.world import PRICES

D = Decimal
BOOK = pricebook.parse(PRICES)
CENTS = st.integers(0, 10**9).map(lambda n: Decimal(n) / 1_000_000)

TASK = Rule("v", "x", "task+shot", task=D("0.30"), shot=D("0.0009"))
IBM = Rule("v", "x", "seconds", second=D("1.60"), job_seconds=D(2))
TICKS = Rule("v", "x", "seconds", second=D("2.00"), increment_seconds=D("0.01"), whole=True)
MINUTE = Rule("v", "x", "seconds", second=D("0.00125"), minimum_seconds=D(3), job_seconds=D("0.5"))
ANNEALS = Rule(
    "v", "x", "anneals", second=D("0.5556"), job_seconds=D("0.0159354"), whole=True, anneal_seconds=D("0.00002"),
    readout_seconds=D("0.00003976"), delay_seconds=D("0.00002102"),
)  # fmt: skip
ARIA = Rule("v", "x", "gate-shots", one_qubit=D("0.000220"), two_qubit=D("0.000975"), minimum=D("12.4166"))
ADDED = replace(ARIA, minimum_added=True)
HQC = Rule(
    "v", "x", "credits", credit=D("12.50"), base_credits=D(5), per=D(5000), one_qubit_weight=D(1),
    two_qubit_weight=D(10), measured_weight=D(5),
)  # fmt: skip
RULES = (TASK, IBM, TICKS, MINUTE, ANNEALS, ARIA, ADDED, HQC)


def cost(rule: Rule, work: Work) -> Decimal:
    return money.total(rules.lines(rule, work))


# Rule, work, dollars. Where the numbers are published: docs/money.md.
PUBLISHED = [
    (TASK, Work(10_000), "9.30"),
    (replace(TASK, shot=D("0.00145")), Work(1000), "1.75"),
    (replace(IBM, job_seconds=D(0)), Work(1_000_000, shot_seconds=0.001), "1600"),
    (IBM, Work(4000, shot_seconds=260e-6), "4.864"),
    (IBM, Work(4000, shot_seconds=252.5e-6), "4.816"),
    (IBM, Work(4000, shot_seconds=0.004005), "28.832"),
    (TICKS, Work(1, shot_seconds=0.001), "0.02"),
    (TICKS, Work(1000, shot_seconds=0.001), "2.00"),
    (MINUTE, Work(10, shot_seconds=0.001), "0.00375"),
    (replace(ANNEALS, second=D(1)), Work(1), "0.01601618"),
    (ARIA, Work(100, one_qubit_gates=10, two_qubit_gates=5), "12.4166"),
    (ARIA, Work(10_000, one_qubit_gates=10, two_qubit_gates=5), "70.75"),
    (ARIA, Work(200, 2, one_qubit_gates=10, two_qubit_gates=5), "24.8332"),
    (ADDED, Work(100, one_qubit_gates=10, two_qubit_gates=5), "13.1241"),
    (HQC, Work(100, one_qubit_gates=10, two_qubit_gates=10, measured=10), "102.5"),
    (HQC, Work(200, 2, one_qubit_gates=10, two_qubit_gates=10, measured=10), "205"),
]


@pytest.mark.parametrize(("rule", "work", "dollars"), PUBLISHED)
def test_published_prices(rule: Rule, work: Work, dollars: str) -> None:
    assert cost(rule, work) == Decimal(dollars)


@st.composite
def works(draw: st.DrawFn) -> Work:
    circuits = draw(st.integers(1, 20))
    return Work(
        shots=circuits * draw(st.integers(0, 5000)),
        circuits=circuits,
        shot_seconds=draw(st.floats(0, 0.01)),
        one_qubit_gates=draw(st.integers(0, 500)),
        two_qubit_gates=draw(st.integers(0, 200)),
        measured=draw(st.integers(0, 50)),
    )


ANY_RULE = st.sampled_from(RULES)


@given(ANY_RULE, works(), st.integers(0, 1000))
def test_more_shots_never_cost_less_and_nothing_is_negative(rule: Rule, work: Work, more: int) -> None:
    assert 0 <= cost(rule, work) <= cost(rule, replace(work, shots=work.shots + more))


@given(ANY_RULE)
def test_what_did_not_run_costs_nothing(rule: Rule) -> None:
    assert cost(rule, Work(0, 0)) == 0
    assert rules.bill(rule, Work(100), Usage(0, 0, 0.0, final=True), failed=False) == 0


@given(ANY_RULE, works(), st.integers(1, 6), st.integers(0, 60), st.data())
def test_low_likely_high_cap(rule: Rule, work: Work, most: int, stopped: int, data: st.DataObject) -> None:
    likely = data.draw(st.integers(1, most))
    limited = replace(rule, seconds_max=D(stopped))
    found = quotes.quote(BOOK, limited, work, submissions_max=most, submissions_likely=likely)
    assert 0 <= found.low <= found.likely <= found.high <= found.cap
    told = found.document()
    amounts = (D(one["quantity"]) * D(one["price"]) for one in told["lines"])
    assert sum(amounts, D(0)) == found.likely == D(told["likely"])


@given(ANY_RULE, works(), st.integers(1, 6), st.sampled_from(rules.FAILED), st.booleans(), st.data())
def test_a_bill_within_the_promise_never_exceeds_the_quote(
    rule: Rule, work: Work, submissions: int, failing: str, failed: bool, data: st.DataObject
) -> None:
    rule = replace(rule, failed=failing)
    high = quotes.quote(BOOK, rule, work, submissions_max=submissions).high
    shots, ran = data.draw(st.integers(0, work.shots)), data.draw(st.integers(0, work.circuits))
    seconds = shots * work.shot_seconds
    if rule.whole:  # a vendor that reports its overhead as well
        seconds += float(rule.job_seconds) if ran else 0.0
    one = rules.bill(rule, work, Usage(ran, shots, seconds, final=True), failed=failed)
    assert 0 <= one * submissions <= high
    assert money.to_micro(one) * submissions <= submissions * money.to_micro(high / submissions)


@given(st.integers(1, 100_000), st.floats(1e-6, 0.01), st.integers(1, 5))
def test_the_last_digits_of_a_double_cost_no_micro_dollar(shots: int, each: float, submissions: int) -> None:
    """The provider adds its seconds up in another order than we multiply them."""
    work = Work(shots, shot_seconds=each)
    share = each * (shots // 3) + each * (shots - shots // 3)
    one = rules.bill(IBM, work, Usage(1, shots, share, final=True), failed=False)
    high = quotes.quote(BOOK, IBM, work, submissions_max=submissions).high
    assert one * submissions <= high
    assert money.to_micro(cost(IBM, work)) - money.to_micro(one) in (0, 1)


def test_failed_jobs_cost_what_the_rule_says() -> None:
    work, half = Work(100), Usage(1, 50, 0.0, final=True)
    found = {word: rules.bill(replace(TASK, failed=word), work, half, failed=True) for word in rules.FAILED}
    assert found == {"free": D(0), "partial": D("0.345"), "full": D("0.39")}
    late = Usage(0, 0, 7.5, final=True)
    locked = replace(IBM, whole=True, failed="partial")
    assert rules.bill(locked, work, late, failed=True) == D("12.00")


def test_a_job_that_is_stopped_is_not_sent() -> None:
    rule = replace(IBM, seconds_max=D(10))
    assert not rules.too_long(rule, Work(8000, shot_seconds=0.001))
    assert "stopped" in rules.too_long(rule, Work(8001, shot_seconds=0.001))
    assert not rules.too_long(IBM, Work(10**6, shot_seconds=0.1))
    assert not rules.too_long(TASK, Work(10**6, shot_seconds=0.1))


@given(ANY_RULE, works(), CENTS, st.integers(0, 3000))
def test_the_most_shots_that_fit(rule: Rule, work: Work, room: Decimal, most: int) -> None:
    def price(shots: int) -> Decimal:
        return cost(rule, replace(work, shots=shots * work.circuits))

    found = quotes.shots_within(price, room, most)
    assert 0 <= found <= most
    assert found == 0 or price(found) <= room
    assert found == most or price(found + 1) > room


@given(CENTS, CENTS)
def test_rounding_goes_up_and_by_less_than_a_micro_dollar(a: Decimal, b: Decimal) -> None:
    third = a / 3
    assert 0 <= money.from_micro(money.to_micro(third)) - third < Decimal("0.000001")
    assert money.to_micro(a + b) <= money.to_micro(a) + money.to_micro(b)


@pytest.mark.parametrize("amount", ["-0.01", "NaN"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises((BadInput, ArithmeticError)):
        money.to_micro(Decimal(amount))


def test_an_unknown_price_is_never_zero() -> None:
    with pytest.raises(Refused, match="no price for"):
        BOOK.rule_for("elsewhere", "aster")


NEW: dict[str, Any] = {
    **PRICES,
    "schema": "hybridops.pricebook/2",
    "rates": {"EUR": {"usd": "1.10", "dated": "2026-01-05", "source": "a bank"}},
    "rules": [
        {"provider": "pasqal", "backend": "fresnel", "kind": "seconds", "second": "0.80", "currency": "EUR",
         "increment_seconds": "3600", "valid_to": "2026-06-30", "source": "a list", "dated": "2026-01-02"}
    ],
}  # fmt: skip


def test_a_rule_s_currency_is_converted_by_the_book_s_dated_rate() -> None:
    book = pricebook.parse(NEW)
    rule = book.rule_for("pasqal", "fresnel")
    assert cost(rule, Work(10, shot_seconds=1.0)) == D("3168.00")
    said = " ".join(quotes.quote(book, rule, Work(10, shot_seconds=1.0), submissions_max=1).assumptions)
    assert "1 EUR = 1.10 USD on 2026-01-05 (a bank)" in said
    assert "a list, 2026-01-02" in said


def test_a_price_ends_on_its_day() -> None:
    book = pricebook.parse(NEW)
    assert book.rule_on(date(2026, 6, 30), "pasqal", "fresnel")
    with pytest.raises(Refused, match="ended on 2026-06-30"):
        book.rule_on(date(2026, 7, 1), "pasqal", "fresnel")
    assert BOOK.rule_on(date(2100, 1, 1), "scripted", "aster")


def test_an_old_book_reads_as_it_was_signed() -> None:
    old = {
        "provider": "v",
        "backend": "*",
        "kind": "seconds",
        "second": "1.60",
        "job_seconds": "2",
        "failed": "full",
    }
    rule = pricebook.parse({**PRICES, "rules": [old]}).rule_for("v", "any")
    assert cost(rule, Work(4000, shot_seconds=0.004)) == D("28.80")
    assert rules.bill(rule, Work(4000), Usage(1, 4000, 16.0, final=True), failed=True) == D("28.80")
    assert rules.bill(rule, Work(4000), Usage(0, 0, 0.0, final=True), failed=True) == 0


RULE = NEW["rules"][0]


@pytest.mark.parametrize(
    "change", [{"schema": "x"}, {"dated": "soon"}, {"rules": [{"kind": "magic"}]}, {"cpu_second": "x"}]
)
def test_a_malformed_price_book_is_refused(change: dict[str, Any]) -> None:
    for good in (PRICES, NEW):
        with pytest.raises(BadInput):
            pricebook.parse({**good, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "magic"}, {"kind": "task+shot"}, {"second": "-1"}, {"second": "NaN"}, {"second": None},
        {"failed": "sometimes"}, {"currency": "NOK"}, {"whole": "yes"}, {"valid_to": "soon"}, {"extra": "1"},
        {"kind": "credits", "second": "0"},
    ],
)  # fmt: skip
def test_a_malformed_rule_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        pricebook.parse({**NEW, "rules": [{**RULE, **change}]})


@pytest.mark.parametrize("rate", [{"usd": "0"}, {"usd": "x"}, {"dated": "x"}, {"source": None, "usd": "-1"}])
def test_a_malformed_rate_is_refused(rate: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        pricebook.parse({**NEW, "rates": {"EUR": {**NEW["rates"]["EUR"], **rate}}})
