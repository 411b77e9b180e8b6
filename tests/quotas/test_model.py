"""Random orders of operations against a small model, on the tree of budgets; and seeded mistakes that it finds."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridops.domain import ledger as domain
from hybridops.domain.ledger import Movement, Unit
from hybridops.domain.states import ReservationState
from hybridops.quotas import bills, queries, services
from hybridops.quotas.models import Budget, Reservation
from tests.quotas.model import OPERATIONS, Model
from tests.realdb import RealDatabase

STEPS = st.lists(
    st.tuples(
        st.sampled_from((*OPERATIONS, "reserve", "reserve", "settle")),
        st.integers(0, 9), st.integers(0, 60), st.integers(0, 40),
    ),
    max_size=30,
)  # fmt: skip


@given(STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ledger_agrees_with_the_model(real: RealDatabase, steps: list[tuple[str, int, int, int]]) -> None:
    real.fresh()
    model = Model(real.world)
    for step in steps:
        model.play(*step)


def one_story(real: RealDatabase, seed: int, length: int = 60) -> None:
    real.fresh()
    rng, model = random.Random(seed), Model(real.world)
    for _ in range(length):
        what = rng.choice((*OPERATIONS, "reserve", "reserve", "reserve", "settle", "clear", "adjust"))
        model.play(what, rng.randrange(9), rng.randint(0, 40), rng.randint(0, 12))


def _no_limit_on(unit: str) -> Callable[..., Any]:
    right = services._within
    return lambda name, amount: right(name, 0 if name == unit else amount)


def _keeps_the_rest(unit: Unit, promised: int, used: int) -> list[Movement]:
    within = min(used, promised)
    return [Movement(domain.Kind.SETTLE, unit, within, pending=-within, posted=within)]


def _forgets(level: str) -> Callable[..., Any]:
    right = queries.budgets_for
    return lambda **asked: [row for row in right(**asked) if row.name != level]


def _ends_twice(key: str, target: ReservationState, billed_micro: int) -> Reservation | None:
    Reservation.objects.filter(key=key).update(state=target, settled_micro=billed_micro)
    return Reservation.objects.filter(key=key).first()


def _checks_no_limit(budget: Budget, asked: domain.Amounts) -> None:
    Budget.objects.filter(pk=budget.pk).update(pending_micro=budget.pending_micro + asked.micro)


def _raises_the_limit(difference: int, *, room: int, overrun: int) -> list[Movement]:
    return domain.corrected(difference, room=10**9, overrun=overrun)


def _goes_the_wrong_way(difference: int, *, room: int, overrun: int) -> list[Movement]:
    return domain.corrected(-difference, room=room, overrun=overrun)


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "shots are not limited": (services, "_within", _no_limit_on("shots")),
    "QPU time is not limited": (services, "_within", _no_limit_on("qpu_ms")),
    "the rest is not given back": (services, "settled", _keeps_the_rest),
    "the organisation is left out": (services, "budgets_for", _forgets("organisation")),
    "the experiment is left out": (services, "budgets_for", _forgets("experiment")),
    "the backend is left out": (services, "budgets_for", _forgets("aster")),
    "a reservation ends twice": (services, "_end", _ends_twice),
    "read, then written": (services, "_promise", _checks_no_limit),
    "an overrun does not freeze": (services, "_freeze", lambda budgets, over: None),
    "a correction raises the limit": (bills, "corrected", _raises_the_limit),
    "a correction goes the wrong way": (bills, "corrected", _goes_the_wrong_way),
    "the same key counts twice": (
        services,
        "_reserved",
        lambda key, run, asked: Reservation.objects.get(key=key),
    ),
}


def test_the_stories_are_clean(real: RealDatabase) -> None:
    for seed in range(3):
        one_story(real, seed)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_found(name: str, real: RealDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*MUTANTS[name])
    with pytest.raises((AssertionError, DatabaseError)):
        for seed in range(3):
            one_story(real, seed)
