"""The price book that comes with the product: every rule priced, sourced and dated."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hybridops.domain import money, pricebook, quotes, rules
from hybridops.domain.errors import Refused
from hybridops.domain.work import Work
from hybridops.engine.builtin import document

OURS = ("local", "flaky")
BOOK = pricebook.parse(document("pricebook"))
GHZ = Work(1000, shot_seconds=0.0005, one_qubit_gates=1, two_qubit_gates=11, measured=12)


@pytest.mark.parametrize(
    ("provider", "backend", "dollars"),
    [
        ("local", "ideal", "0"),
        ("local", "heron-torino", "4"),
        ("flaky", "any", "1.75"),
        ("braket", "iqm/Garnet", "1.75"),
        ("braket", "rigetti/Cepheus-1-108Q", "1.2"),
        ("braket", "ionq/Forte-1", "80.3"),
        ("braket", "quera/Aquila", "10.3"),
        ("ibm", "ibm_boston", "4"),
        ("ionq", "qpu.forte-1", "168.195"),
        ("azure", "ionq.qpu.aria-1", "97.5"),
        ("azure", "rigetti.qpu.cepheus-1-108q", "1"),
        ("quantinuum", "qpu.h2-1", "490"),
        ("dwave", "Advantage", "0.28665371"),
    ],
)
def test_a_thousand_shots(provider: str, backend: str, dollars: str) -> None:
    amount = money.total(rules.lines(BOOK.rule_for(provider, backend), GHZ))
    assert amount == pytest.approx(Decimal(dollars), abs=Decimal("0.0000001"))


def test_every_vendor_s_price_has_a_source_and_an_end() -> None:
    for rule in BOOK.rules:
        assert rule.provider in OURS or (rule.source and rule.valid_to)


def test_the_demo_s_own_prices_do_not_end() -> None:
    assert not any(rule.valid_to for rule in BOOK.rules if rule.provider in OURS)


def test_a_backend_without_a_published_price_has_none() -> None:
    for backend in ("iqm/Emerald", "aqt/Ibex-Q1"):
        with pytest.raises(Refused, match="no price"):
            BOOK.rule_for("braket", backend)


def test_a_job_of_ibm_s_is_capped_where_it_is_stopped() -> None:
    found = quotes.quote(BOOK, BOOK.rule_for("ibm", "ibm_boston"), GHZ, submissions_max=2)
    assert (found.high, found.cap) == (Decimal("8.0"), Decimal("1920.0"))
