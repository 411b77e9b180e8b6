"""Ways out of waiting in the engine: on record, quoted again, inside what was approved."""

from __future__ import annotations

from datetime import timedelta

from hybridops.approvals.queries import all_about
from hybridops.audit.models import AuditEvent
from hybridops.backends.models import Listing
from hybridops.domain import clock
from hybridops.engine import ladder, sweep
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import conduct, services, turns
from hybridops.experiments.models import Placement, Run, Submission, Turn
from tests.engine.turning import approved, cap, stage_of
from tests.presence import here
from tests.world import World


def later(seconds: float) -> None:
    """The sweeper's part after so many seconds."""
    with clock.at(clock.now() + timedelta(seconds=seconds)):
        ladder.climb()
        turns.step()


def whys(run: Run) -> list[str]:
    rows = Placement.objects.filter(run=run, stage="quantum").order_by("id")
    return [row.document["why"] for row in rows]


def test_validation_work_asks_for_fewer_shots_and_then_goes_elsewhere(world: World) -> None:
    cap(0)
    run = approved(world)
    later(1799)
    assert len(whys(run)) == 1
    later(1801)
    assert whys(run)[1].endswith(
        "it asks for 50 of 100 shots: at most $0.80, before $1.30, inside what was approved"
    )
    assert Turn.objects.get().cost_micro == 800_000
    later(3601)
    assert "it may go to kelvin too: aster 9 in 10 times under 10 s" in whys(run)[2]
    drive(run.pk)
    row = Submission.objects.get()
    assert (row.backend, row.shots) == ("kelvin", 50)
    facts = AuditEvent.objects.filter(stream=f"run:{run.pk}", body__contains='"rung":')
    assert [("fewer" in f.body, "another" in f.body) for f in facts] == [(True, False), (False, True)]
    for _ in range(3):
        ask_providers(run.pk)
        drive(run.pk)
    assert Run.objects.get(pk=run.pk).outcome == "accepted"


def test_production_work_keeps_its_shots(world: World) -> None:
    cap(0)
    run = approved(world, priority_class="production")
    later(901)
    drive(run.pk)
    row = Submission.objects.get()
    assert (row.backend, row.shots) == ("kelvin", 100)


def test_whose_slack_is_gone_falls_back_by_itself_and_says_so(world: World) -> None:
    cap(0)
    Listing.objects.update(wait_seconds=7200.0)
    run = approved(world, deadline=clock.now() + timedelta(hours=1))
    ladder.climb()
    assert stage_of(run).state == "ready"
    assert "no approved backend would be in time: aster 9 in 10 times under 7200 s" in whys(run)[-1]
    drive(run.pk)
    fresh = Run.objects.get(pk=run.pk)
    assert fresh.outcome == "degraded"
    assert stage_of(run).why == "no approved backend would have taken it in time"
    assert not Submission.objects.exists()
    turns.step()
    assert not Turn.objects.exists()


def test_without_a_fallback_it_ends_and_costs_nothing(world: World) -> None:
    cap(0)
    Listing.objects.update(wait_seconds=7200.0)
    run = approved(world, deadline=clock.now() + timedelta(hours=1), fallback="stop")
    ladder.climb()
    drive(run.pk)
    fresh = Run.objects.get(pk=run.pk)
    assert (fresh.outcome, fresh.why) == ("expired", "No approved backend would have taken it in time.")


def test_time_that_runs_out_at_one_backend_leads_to_another(world: World) -> None:
    cap(0)
    Listing.objects.filter(name="aster").update(wait_seconds=7200.0)
    run = approved(world, backend="aster", deadline=clock.now() + timedelta(hours=1))
    ladder.climb()
    assert "s left it may go to kelvin too" in whys(run)[-1]
    turns.step()
    drive(run.pk)
    assert Submission.objects.get().backend == "kelvin"


def test_past_the_approval_it_goes_back_to_the_gate_once(world: World) -> None:
    """Kelvin was shut when it was asked about; now aster's queue is longer than the time that is left."""
    Listing.objects.filter(name="kelvin").update(available=False)
    cap(0)
    run = approved(world, deadline=clock.now() + timedelta(hours=5))
    assert Turn.objects.get().listed == [["scripted", "aster"]]
    Listing.objects.filter(name="kelvin").update(available=True)
    Listing.objects.filter(name="aster").update(wait_seconds=6 * 3600.0)
    ladder.climb()
    assert (
        "no approved backend takes it" in whys(run)[-1] and "kelvin may, and is asked about" in whys(run)[-1]
    )
    drive(run.pk)
    first, second = all_about(conduct.subject(run.pk))
    assert (first.state, second.state) == ("stale", "pending")
    assert {one["backend"] for one in second.envelope["programs"]} >= {"kelvin"}
    assert not Submission.objects.exists()
    services.decide(
        user=world.mikkel, presence=here(), request_id=second.pk, verdict="approve", digest_shown=second.digest,
        reason="then there",
    )  # fmt: skip
    drive(run.pk)
    assert Submission.objects.get().backend == "kelvin"


def test_it_is_not_asked_twice(world: World) -> None:
    Listing.objects.filter(name="kelvin").update(available=False)
    cap(0)
    run = approved(world, deadline=clock.now() + timedelta(hours=5))
    Listing.objects.filter(name="aster").update(wait_seconds=6 * 3600.0)
    ladder.climb()  # kelvin is still shut: there is nothing to ask about
    drive(run.pk)
    assert Run.objects.get(pk=run.pk).outcome == "degraded"
    assert all_about(conduct.subject(run.pk)).count() == 1


def test_a_rung_is_taken_once_however_often_the_sweeper_comes(world: World) -> None:
    cap(0)
    cap(0, backend="kelvin")
    run = approved(world)
    for _ in range(3):
        later(1801)
    assert Turn.objects.get().rungs == ["fewer shots"]
    stale = Turn.objects.get()
    later(3601)
    assert Turn.objects.get().rungs == ["fewer shots", "another backend"]
    ladder.turns.take_rung(
        stale, rung="another backend", open_to=[], shots=1, cost_micro=0,
        placement=turns.waits(turns.Wish(("p", "a"), (), 0, clock.now()), "so"), wake=False, actor=ladder.SYSTEM,
    )  # fmt: skip
    assert Turn.objects.get().shots == 50
    assert len(whys(run)) == 3
    assert sweep.ladder is ladder
