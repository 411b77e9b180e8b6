"""Pairs of the real routing workflow, and what may happen to any pairs at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.helping import Rule
from hybridops.experiments.findings import PairRow
from hybridops.experiments.models import Stage
from hybridops.experiments.outcome import IDEAL, PAIR, Outcome
from hybridops.web.viewmodels import evidence as seen
from tests.web.routing_world import add_routing, decide, finish, ideal_provider, routing_run
from tests.web.test_evidence import get
from tests.world import World

RULE = Rule(0.01, 0.1, 20)


def test_a_routing_run_is_a_pair_with_every_arm(world: World) -> None:
    with ideal_provider():
        snapshot = add_routing(world)
        run = routing_run(world, snapshot)
        decide(world.mikkel, run)
        run = finish(run)
        aside = routing_run(world, snapshot, backend="ideal")
        finish(aside)
    row = Outcome.objects.get(run=run)
    arms = Stage.objects.get(run=run, spec__kind="score").summary["arms"]
    told = {name: getattr(row, name) for name in ("quantum", "baseline", "random", "heuristic", "ideal")}
    assert told == {name: arms[name]["objective"] for name in told}
    assert (row.counts, Outcome.objects.get(run=aside).counts) == (PAIR, IDEAL)
    shown = get(world.ines, "/evidence/routing/").context
    assert (shown["view"].word, shown["view"].found.count) == ("too early", 1)
    assert shown["view"].simulated
    assert list(shown["left"]) == ["it ran on a simulator without noise, which is a control of its own"]


def row(number: int, quantum: float | None, random: float | None, baseline: float | None = 100.0) -> PairRow:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    told: dict[str, Any] = {"run": number, "snapshot": number, "name": "w", "provider": "ibm", "backend": "b"}
    told |= {"outcome": "accepted", "ended_at": at, "credit": "nobody", "heuristic": 104.0, "ideal": 99.0}
    return PairRow(
        **told, quantum=quantum, random=random, baseline=baseline, micro=2_000_000, known=min(98.0, 100.0)
    )


maybe = st.one_of(st.none(), st.floats(80, 120))
rows = st.lists(st.tuples(maybe, maybe, st.sampled_from([None, 0.0, 100.0])), min_size=1, max_size=40)


@settings(deadline=None)
@given(rows)
def test_every_pair_is_counted_or_listed_and_every_dollar_told(
    drawn: list[tuple[float | None, float | None, float | None]],
) -> None:
    made = [row(number, *values) for number, values in enumerate(drawn)]
    found = seen.finding(RULE, made)
    assert found.count + len(found.excluded) == len(made)
    assert found.count == sum(map(seen.comparable, made))
    assert found.spent == pytest.approx(2.0 * len(made))
    assert all(rate.count == found.count for rate in (*seen.rates(made), *seen.earned(made)))
    assert sum(rate.hits for rate in seen.earned(made)) == found.count


@settings(deadline=None)
@given(rows)
def test_a_pair_that_fails_helps_nobody(
    drawn: list[tuple[float | None, float | None, float | None]],
) -> None:
    """One failed pair more brings the mean towards no improvement, and it is seen in the counts."""
    made = [row(number, *values) for number, values in enumerate(drawn)]
    before, after = seen.finding(RULE, made), seen.finding(RULE, [*made, row(99, None, 100.0)])
    assert (after.count, after.failed) == (before.count + 1, before.failed + 1)
    old, new = before.against["baseline"].estimate, after.against["baseline"].estimate
    assert new is not None and abs(new) <= abs(old or 0.0)


def test_the_page_and_the_verdict_have_one_mean() -> None:
    """Of failed pairs too."""
    made = [row(number, 96.0 + number % 7 if number % 5 else None, 100.0) for number in range(25)]
    beside, found = seen.beside(RULE, tuple(made)), seen.finding(RULE, made)
    difference = found.against["baseline"]
    assert (beside["quantum"].count, found.failed) == (25, 5)
    assert beside["quantum"].found.value == pytest.approx(-(difference.estimate or 0.0))
    assert (beside["quantum"].found.low, beside["quantum"].found.high) == pytest.approx(
        (-difference.high, -difference.low)
    )


def test_the_page_and_the_verdict_have_one_mean_of_an_exact_solver() -> None:
    rule = replace(RULE, bound=1.0, scale="heuristic")
    made = [replace(row(number, 4.0 + number % 3, 12.0, 0.0), scale="heuristic") for number in range(25)]
    beside, found = seen.beside(rule, tuple(made)), seen.finding(rule, made)
    assert (found.count, all(map(seen.comparable, made))) == (25, True)
    assert beside["quantum"].found.value == pytest.approx(-(found.against["baseline"].estimate or 0.0))
    assert beside["heuristic"].found.value == 1.0


def test_the_best_known_is_what_any_run_reached() -> None:
    found = seen.known_gap([row(1, 98.0, 100.0), row(2, 100.0, 100.0), row(3, None, 100.0)])
    assert (found.count, found.hits) == (2, 1)
    assert found.found.value == pytest.approx(1 / 98)
