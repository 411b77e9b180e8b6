"""Whose turn it is: what always holds of the turns given, and what a month of them comes to."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridops.domain.dispatch import Cap, Key, Site, Waiting, dispatch
from hybridops.domain.errors import BadInput
from hybridops.domain.shares import CLASS_RULES, Rules, decayed, jain, rules

NOW = 1_000_000.0
TEAMS = ("ash", "birch", "cedar")
KEYS: tuple[Key, ...] = (("p", "a"), ("p", "b"), ("q", "c"))
RULES = Rules()
DOLLAR = 1_000_000

caps = st.builds(Cap, st.one_of(st.none(), st.integers(0, 4)), st.one_of(st.none(), st.integers(0, 3)))
places = st.dictionaries(st.sampled_from((*KEYS, ("p", ""), ("q", ""))), caps)
jobs = st.lists(
    st.builds(
        Waiting,
        job=st.just(0),
        team=st.sampled_from(TEAMS),
        priority=st.sampled_from(sorted(CLASS_RULES)),
        ready_at=st.integers(0, 8 * 3600).map(lambda ago: NOW - ago),
        cost_micro=st.integers(0, 5) | st.integers(0, 50 * DOLLAR),
        backends=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    max_size=12,
).map(lambda found: [replace(job, job=number) for number, job in enumerate(found, start=1)])
used = st.dictionaries(st.sampled_from(TEAMS), st.integers(0, 100 * DOLLAR).map(float))


def site(limits: Mapping[Key, Cap], money: Mapping[str, float]) -> Site:
    return Site(
        caps=dict(limits),
        running={KEYS[0]: 1, ("p", ""): 1},
        started={KEYS[0]: [NOW - 20], ("p", ""): [NOW - 20]},
        served={("ash", KEYS[0]): NOW},
        used=dict(money),
    )


@settings(deadline=None)
@given(jobs, places, used)
def test_no_cap_is_ever_passed_and_no_place_stays_free_that_somebody_could_use(
    waiting: list[Waiting], limits: dict[Key, Cap], money: dict[str, float]
) -> None:
    there = site(limits, money)
    grants, denials = dispatch(waiting, there, RULES, NOW)
    at = Counter({KEYS[0]: 1, ("p", ""): 1})
    for grant in grants:
        at.update((grant.backend, (grant.backend[0], "")))
    new = {key: at[key] - (1 if key in (KEYS[0], ("p", "")) else 0) for key in at}
    for key, cap in limits.items():
        assert not new.get(key) or cap.at_once is None or at[key] <= cap.at_once
        assert not new.get(key) or cap.per_minute is None or at[key] <= cap.per_minute
    by_job = {job.job: job for job in waiting}
    assert all(grant.backend in by_job[grant.job].backends for grant in grants)
    assert sorted([grant.job for grant in grants] + [denial.job for denial in denials]) == sorted(by_job)
    for denial in denials:
        assert all(there.closed(key, NOW)[0] for key in by_job[denial.job].backends)
        assert denial.why
        assert denial.until is None or denial.until > NOW


@settings(deadline=None)
@given(jobs, places, used, st.randoms(use_true_random=False))
def test_neither_the_order_of_asking_nor_a_team_s_name_matters(
    waiting: list[Waiting], limits: dict[Key, Cap], money: dict[str, float], chance: Random
) -> None:
    first, _ = dispatch(waiting, site(limits, money), RULES, NOW)
    mixed = list(waiting)
    chance.shuffle(mixed)
    assert dispatch(mixed, site(limits, money), RULES, NOW)[0] == first
    other = dict(zip(TEAMS, chance.sample(TEAMS, len(TEAMS)), strict=True))
    there = site(limits, {other[team]: amount for team, amount in money.items()})
    there.served = {(other["ash"], KEYS[0]): NOW}
    renamed = [replace(job, team=other[job.team]) for job in waiting]
    assert dispatch(renamed, there, RULES, NOW)[0] == first


@settings(deadline=None)
@given(jobs, used)
def test_inside_a_team_and_class_first_come_is_first_served(
    waiting: list[Waiting], money: dict[str, float]
) -> None:
    same = [replace(job, backends=(KEYS[2],)) for job in waiting]
    grants, _ = dispatch(same, site({KEYS[2]: Cap(4)}, money), RULES, NOW)
    by_job = {job.job: job for job in same}
    granted = [by_job[grant.job] for grant in grants]
    for number, job in enumerate(granted):
        for other in same:
            if (other.team, other.priority) == (job.team, job.priority) and other.ready_at < job.ready_at:
                assert other in granted[:number]


@settings(deadline=None)
@given(jobs, used)
def test_a_class_overtakes_inside_its_team_by_no_more_than_its_head_start(
    waiting: list[Waiting], money: dict[str, float]
) -> None:
    same = [replace(job, backends=(KEYS[2],)) for job in waiting]
    grants, _ = dispatch(same, site({KEYS[2]: Cap(4)}, money), RULES, NOW)
    by_job = {job.job: job for job in same}
    gone: set[int] = set()
    for grant in grants:
        gone.add(grant.job)
        job = by_job[grant.job]
        for other in same:
            if other.team == job.team and other.job not in gone:
                ahead = RULES.of_class(job.priority).head_start_seconds
                ahead -= RULES.of_class(other.priority).head_start_seconds
                assert job.ready_at - other.ready_at <= ahead


@settings(deadline=None)
@given(jobs, used, st.sampled_from(TEAMS), st.sampled_from((1.5, 3.0, 20.0)), st.integers(1, 6))
def test_more_weight_never_means_fewer_or_later_turns(
    waiting: list[Waiting], money: dict[str, float], team: str, weight: float, places: int
) -> None:
    """Stated for one backend."""
    same = [replace(job, backends=(KEYS[2],)) for job in waiting]
    owner = {job.job: job.team for job in same}

    def turns(by: Rules) -> list[int]:
        grants, _ = dispatch(same, site({KEYS[2]: Cap(places)}, money), by, NOW)
        return [place for place, grant in enumerate(grants) if owner[grant.job] == team]

    before, after = turns(RULES), turns(Rules(weights={team: weight}))
    assert len(after) >= len(before)
    assert all(now <= then for now, then in zip(after, before, strict=False))


def month(
    teams: Mapping[str, int],
    rule: Rules,
    *,
    seconds: float = 30 * 86400.0,
    service: float = 1800.0,
    at_once: int = 2,
) -> tuple[dict[str, float], dict[str, float]]:
    """Teams that always have work waiting at one backend; `teams` says what a job of each costs.

    Answers the money each got, and the longest that each held nothing.
    """
    now, ends, spent, number = 0.0, [], dict.fromkeys(teams, 0.0), 0
    there = Site(caps={KEYS[0]: Cap(at_once)})
    gaps, held = dict.fromkeys(teams, 0.0), dict.fromkeys(teams, 0.0)
    while now < seconds:
        waiting = []
        for team, cost in teams.items():
            number += 1
            waiting.append(Waiting(number, team, "validation", held[team], cost, (KEYS[0],)))
        grants, _ = dispatch(waiting, there, rule, now)
        owner = {job.job: job.team for job in waiting}
        for grant in grants:
            team = owner[grant.job]
            gaps[team] = max(gaps[team], now - held[team])
            spent[team] += teams[team]
            heapq.heappush(ends, (now + service * (1 + (grant.job * 7919 % 100) / 100), grant.job, team))
        before = now
        now, _, team = heapq.heappop(ends)
        there.running[KEYS[0]] -= 1
        there.used = decayed(
            ((name, before, int(amount)) for name, amount in there.used.items()), now, rule.half_life_seconds
        )
        for _, _, name in [*ends, (now, 0, team)]:
            there.served[name, KEYS[0]] = held[name] = now
    return spent, gaps


def test_a_saturated_month_gives_equal_weights_equal_money() -> None:
    costs = {"ash": 2 * DOLLAR, "birch": 5 * DOLLAR, "cedar": 1 * DOLLAR, "dogwood": 8 * DOLLAR}
    patient = Rules(wait_max_seconds=12 * 3600.0)
    spent, _ = month(costs, patient)
    assert jain(spent.values()) >= 0.95
    weighted, _ = month(costs, replace(patient, weights={"ash": 3.0}))
    others = [amount for team, amount in weighted.items() if team != "ash"]
    assert weighted["ash"] == pytest.approx(3 * sum(others) / 3, rel=0.1)


def test_nobody_starves_whatever_they_have_used_and_however_little_they_weigh() -> None:
    """The bound of the module: the longest wait, and then one place for each team that waits."""
    costs = {"ash": DOLLAR, "birch": DOLLAR, "cedar": DOLLAR, "dogwood": DOLLAR}
    rule = Rules(weights={"ash": 0.001}, wait_max_seconds=4 * 3600.0)
    spent, gaps = month(costs, rule, seconds=10 * 86400.0, at_once=1)
    assert spent["ash"] > 0
    assert gaps["ash"] <= rule.wait_max_seconds + len(costs) * 3600.0
    dear = {"ash": 900 * DOLLAR, "birch": DOLLAR, "cedar": DOLLAR}
    _, gaps = month(dear, rule, seconds=10 * 86400.0, at_once=1)
    assert gaps["ash"] <= rule.wait_max_seconds + len(dear) * 3600.0


def test_a_team_that_floods_delays_another_s_single_run_by_less_than_one_service_time() -> None:
    service, there = 600.0, Site(caps={KEYS[0]: Cap(1)})
    flood = [Waiting(n, "ash", "customer-facing", 0.0, DOLLAR, (KEYS[0],)) for n in range(1, 10_001)]
    now = 0.0
    for _ in range(5):
        grants, _ = dispatch(flood, there, RULES, now)
        flood = [job for job in flood if job.job != grants[0].job]
        now += service
        there.running[KEYS[0]] -= 1
        there.served["ash", KEYS[0]] = now
    came = now - service + 1  # just after a place was taken
    single = Waiting(10_001, "birch", "research", came, DOLLAR, (KEYS[0],))
    grants, denials = dispatch([*flood, single], there, RULES, now)
    assert [grant.job for grant in grants] == [single.job]
    assert now - came < service
    assert denials[0].why == "a is full, at most 1 at once"
    assert denials[-1].ahead == len(flood) - 1


def test_a_rate_says_until_when() -> None:
    there = Site(caps={("p", ""): Cap(per_minute=2)}, started={("p", ""): [NOW - 50, NOW - 10, NOW - 70]})
    job = Waiting(1, "ash", "research", NOW, 0, (KEYS[0],))
    _, (denial,) = dispatch([job], there, RULES, NOW)
    assert (denial.why, denial.until) == ("p takes at most 2 a minute", NOW + 10)
    assert dispatch([job], there, RULES, NOW + 10)[0]


def test_what_is_used_halves_with_every_half_life() -> None:
    assert decayed([("ash", 0.0, 8), ("ash", 10.0, 1), ("birch", 20.0, 3)], 10.0, 5.0) == {
        "ash": 3.0,
        "birch": 3.0,
    }


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"half_live": 1}, "half_live"),
        ({"half_life_seconds": 0}, "half_life_seconds"),
        ({"weights": {"ash": 0}}, "weights"),
        ({"classes": {"urgent": {}}}, "classes"),
        ({"classes": {"research": {"rungs": ["prayer"]}}}, "classes"),
        ({"shots_kept": 0}, "shots_kept"),
    ],
)
def test_rules_that_cannot_be_are_refused(document: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        rules(document)
    assert refused.value.field == field


def test_a_document_changes_what_it_names_and_no_more() -> None:
    told = rules({"weights": {"ash": 2}, "classes": {"research": {"weight": 3}}})
    assert told.weight_of("ash") == 2.0
    assert told.of_class("research") == replace(CLASS_RULES["research"], weight=3)
    assert told.of_class("production") == CLASS_RULES["production"]
