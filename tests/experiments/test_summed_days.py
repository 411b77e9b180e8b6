"""Sums of days that are over say what the runs say, whatever ends, is billed, replaced or removed, and whenever."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.experiments import retention, snapshots, summed_days, unit_sums
from hybridops.experiments.books import Book
from hybridops.experiments.cells import cells
from hybridops.experiments.day import SummedDay, Touched
from hybridops.experiments.figures import NO_QPU
from hybridops.experiments.models import DataSnapshot, Experiment, Run
from hybridops.experiments.outcome import Outcome
from hybridops.experiments.outcomes import add_bill, note
from hybridops.experiments.unit_costs import BLOCKS, Block, Kept
from hybridops.quotas.periods import begins, day_of
from tests.world import World, submit

START = datetime(2026, 3, 27, 9, 30, tzinfo=UTC)  # two days before the clocks change in Copenhagen
ENDS = ("accepted", "accepted", "not_accepted", "failed", "refused", "expired")
STEP = st.one_of(
    st.tuples(st.just("end"), st.integers(0, 5), st.integers(0, 12 * 24 * 60)),  # ending, minutes it took
    st.tuples(st.just("bill"), st.integers(0, 9), st.integers(-900, 900)),
    st.tuples(st.just("remove"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("sum"), st.just(0), st.just(0)),
    st.tuples(st.just("wait"), st.integers(0, 9 * 24 * 60), st.just(0)),
)
pytestmark = pytest.mark.usefixtures("copenhagen")


@pytest.fixture
def copenhagen(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ORGANISATION_TIME_ZONE = "Europe/Copenhagen"
    monkeypatch.setattr(summed_days, "DAYS", 20)  # what lies before is read from the runs


@pytest.fixture
def like(world: World) -> Run:
    """A run that has not ended, to be repeated."""
    return submit(world)


@pytest.fixture
def data(world: World) -> list[int]:
    return [world.snapshot.pk, add(world)]


def add(world: World) -> int:
    row = snapshots.add_snapshot(
        user=world.ines, project_id=world.project.pk, name="B", filename="b", workflow="fake", digest=64 * "b", summary={},
    )  # fmt: skip
    return row.pk


def end(like: Run, snapshot: int, outcome: str, best: float, minutes: int) -> int:
    """One more run, as its end writes it: submitted so many minutes ago, sent where it was let."""
    now = clock.now()
    asked = Experiment.objects.get(pk=like.experiment_id)
    asked.pk, asked.snapshot_id = None, snapshot
    asked.deadline = now - timedelta(seconds=1) if minutes % 3 == 0 else None
    asked.save()
    run = Run.objects.get(pk=like.pk)
    run.pk, run.experiment, run.submit_key = None, asked, f"{Run.objects.count()}"
    run.made_at, run.ended_at, run.outcome = now - timedelta(minutes=minutes), now, outcome
    run.save(force_insert=True)
    arms = {"quantum": {"objective": best}, "baseline": {"objective": 95.5}}
    score = SimpleNamespace(
        spec={"kind": "score"}, state="done", summary={"arms": arms}, seconds=1.0, losses=0
    )
    job = SimpleNamespace(
        ordinal=1, sent_at=now, started_at=now, ended_at=now, state="retrieved", provider="scripted", backend="aster",
        snapshot="", shots=9, shots_done=9, looked_up=0, settled=True, cost_micro=1_000 + minutes,
    )  # fmt: skip
    sent = outcome not in ("refused", "expired")
    book = Book(run, {"score": score} if outcome != "failed" else {}, {1: job} if sent else {})  # type: ignore[dict-item]
    return note(book, classical_micro=7).pk


def do(what: str, number: int, amount: int, like: Run, data: list[int]) -> None:
    if what == "end":
        snapshot = data[amount % 2]
        if DataSnapshot.objects.get(pk=snapshot).removed_at is None:
            end(like, snapshot, ENDS[number], 100.0 - amount % 17, amount)
    elif what == "bill":
        if ended := Outcome.objects.order_by("pk").values_list("pk", flat=True)[number : number + 1]:
            add_bill(ended[0], amount)
    elif what == "remove":
        due = retention.Due("a rule", (DataSnapshot.objects.get(pk=data[number]),), frozenset())
        retention.take_away(due, SYSTEM)
    elif what == "sum":
        summed_days.sum_days()


def told(like: Run, world: World) -> Any:
    """What pages ask for: sums since a moment within a day, and two cohorts."""
    now, teams = clock.now(), (like.experiment.project.team_id,)
    found = unit_sums.sums(teams, now - timedelta(days=16, hours=3), {})
    cohorts = {
        days: unit_sums.kept(
            teams, (now - timedelta(days=days + 16), now - timedelta(days=days)), {}, days, now
        )
        for days in (7, 30)
    }
    return (
        found.blocks, {key: one for key, one in found.funnel.items() if one[0]}, money(world), found.undecided, cohorts,
    )  # fmt: skip


def bounds() -> list[datetime]:
    """One within a day and one at its beginning."""
    now = clock.now()
    return [now - timedelta(days=16, hours=3), begins(day_of(now) - timedelta(days=3))]


def money(world: World) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """What the cells of a page add up to; the run that has not ended is not of interest."""
    found: dict[tuple[Any, ...], list[tuple[int, ...]]] = defaultdict(list)
    for one in cells(world.farah, bounds()):
        if one.state in ENDS:
            place = (one.made_at, one.keys["project"], one.keys["backend"], one.keys["workflow"], one.state)
            found[place].append((one.runs, one.micro, one.qpu_micro))
    return {place: tuple(map(sum, zip(*of, strict=True))) for place, of in found.items()}


def plain(like: Run, world: World) -> Any:
    """The same run by run, without the database's help."""
    now, rows = clock.now(), list(Outcome.objects.select_related("snapshot").order_by("pk"))
    blocks, funnel = defaultdict(list), defaultdict(list)
    kinds: dict[str, list[int]] = defaultdict(list)
    places = defaultdict(list)
    for row in rows:
        if begun := [one for one in bounds() if one <= row.made_at]:
            place = (begun[-1], world.project.slug, row.backend or NO_QPU, row.workflow, row.outcome)
            places[place].append((1, row.cost_micro, row.qpu_micro))
        if row.made_at >= now - timedelta(days=16, hours=3):
            blocks[row.snapshot_id % BLOCKS].append(_block(row))
            funnel[_lost(row)].append(row.cost_micro)
            if _lost(row) == "declined":
                kinds["declined" if row.outcome == "refused" else "lapsed"].append(row.cost_micro)
            if row.late:
                kinds["late"].append(row.cost_micro)
    cohorts = {}
    for days in (7, 30):
        back, kept = timedelta(days=days), defaultdict(list)
        for row in rows:
            if now - back - timedelta(days=16) <= row.made_at < now - back and row.ended_at <= now - back:
                accepted = row.outcome == "accepted"
                gone = [
                    at
                    for at in (row.replaced_at, row.snapshot.removed_at)
                    if at and at <= row.ended_at + back
                ]
                kept[row.snapshot_id % BLOCKS].append((1, accepted, accepted and not gone, row.cost_micro))  # fmt: skip
        cohorts[days] = [Kept(*map(sum, zip(*of, strict=True))) for _, of in sorted(kept.items())]
    added = [Block(*map(sum, zip(*of, strict=True))) for _, of in sorted(blocks.items())]
    undecided = {name: (len(kinds[name]), sum(kinds[name])) for name in ("declined", "lapsed", "late")}
    spent = {place: tuple(map(sum, zip(*of, strict=True))) for place, of in places.items()}
    return added, {key: (len(of), sum(of)) for key, of in funnel.items()}, spent, undecided, cohorts


def _block(row: Outcome) -> tuple[Any, ...]:
    accepted, pair = row.outcome == "accepted", row.counts == "pair"
    compared = pair and bool(row.baseline)
    quantum = row.baseline if row.quantum is None else row.quantum
    gain = 100 * (row.baseline - quantum) / abs(row.baseline) if compared and row.baseline else 0.0
    tried = row.cost_micro if row.counts in ("pair", "again") else 0
    return (
        1, accepted, row.outcome in ("accepted", "not_accepted"), compared, pair, row.cost_micro, row.qpu_micro,
        row.cost_micro if accepted else 0, tried, gain,
    )  # fmt: skip


def _lost(row: Outcome) -> str:
    if row.outcome == "accepted":
        return "replaced" if row.replaced_at or row.snapshot.removed_at else "retained"
    if row.outcome in ("refused", "expired"):
        return "declined"
    return "unsent" if not row.sent else "unanswered" if row.quantum is None else "unaccepted"


def agree(like: Run, world: World) -> None:
    (blocks, *found, undecided, cohorts), (by_hand, *says, kinds, kept) = (
        told(like, world),
        plain(like, world),
    )
    assert [one.gain for one in blocks] == pytest.approx([one.gain for one in by_hand])
    assert [_money(one) for one in blocks] == [_money(one) for one in by_hand]
    assert found == says
    assert {name: getattr(undecided, name) for name in kinds} == kinds
    assert cohorts == kept


def _money(one: Block) -> tuple[int, ...]:
    return (
        one.runs, one.accepted, one.finished, one.compared, one.pairs, one.micro, one.qpu_micro, one.accepted_micro,
        one.tried_micro,
    )  # fmt: skip


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=4, max_size=10))
def test_whenever_days_are_summed_the_figures_are_those_of_the_runs(
    world: World, like: Run, data: list[int], steps: list[tuple[str, int, int]]
) -> None:
    with transaction.atomic():
        now = START
        for what, number, amount in steps:
            now += timedelta(minutes=number) if what == "wait" else timedelta(seconds=1)
            with clock.at(now):
                do(what, number, amount, like, data)
                agree(like, world)
        with clock.at(now + timedelta(days=1)):
            while summed_days.sum_days():
                agree(like, world)
            assert not summed_days.differences()
            assert not Touched.objects.exists()
        transaction.set_rollback(True)


def test_what_comes_after_its_day_is_told_at_once_and_added_up_with_the_next_sweep(
    world: World, like: Run, data: list[int]
) -> None:
    with clock.at(START):
        first = end(like, data[0], "accepted", 92.0, 5)
        end(like, data[1], "accepted", 92.0, 5)
    with clock.at(START + timedelta(days=2)):
        while summed_days.sum_days():
            pass
        assert not Touched.objects.exists()
        changes = (
            lambda: add_bill(first, 50),
            lambda: end(like, data[0], "accepted", 90.0, 9),
            lambda: end(like, data[0], "failed", 90.0, 60 * 48),
            lambda: retention.take_away(retention.Due("a rule", (DataSnapshot.objects.get(pk=data[1]),), frozenset()), SYSTEM),
            lambda: add(world),
        )  # fmt: skip
        for change in changes:
            before = told(like, world)
            change()
            assert told(like, world) != before
            agree(like, world)
            assert summed_days.sum_days() == 1
            agree(like, world)
        assert summed_days.sum_days() == 0


def test_a_day_is_summed_an_hour_after_it_ended_where_the_organisation_is(like: Run, data: list[int]) -> None:
    midnight = datetime.combine(date(2026, 3, 29), time(), ZoneInfo("Europe/Copenhagen"))
    day = SummedDay.objects.filter(begins_at=midnight - timedelta(days=1))
    with clock.at(midnight + timedelta(minutes=59)):
        summed_days.sum_days()
        assert not day.exists()
    with clock.at(midnight + timedelta(minutes=61)):
        summed_days.sum_days()
        assert day.get().ends_at == midnight


def test_another_time_zone_makes_other_days(world: World, like: Run, data: list[int], settings: Any) -> None:
    with clock.at(START):
        end(like, data[0], "accepted", 92.0, 5)
    with clock.at(START + timedelta(days=1)):
        summed_days.sum_days()
        settings.ORGANISATION_TIME_ZONE = "Asia/Kathmandu"
        agree(like, world)
        summed_days.sum_days()
        assert {one.begins_at.minute for one in SummedDay.objects.all()} == {15}
        agree(like, world)


def test_the_books_name_a_day_that_is_wrong(
    like: Run, data: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with clock.at(START):
        made = end(like, data[0], "accepted", 92.0, 5)
    with clock.at(START + timedelta(days=1)):
        summed_days.sum_days()
        assert not summed_days.differences()
        Outcome.objects.filter(pk=made).update(cost_micro=9)
        with pytest.raises(SystemExit):
            call_command("books")
    assert "runs of 2026-03-27" in (out := capsys.readouterr().out)
    assert "micro: they say 9, the day 1012" in out
