"""One writer: a run's version counts its moves, and whoever looked before somebody else moved starts again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from hybridops.audit.models import AuditEvent
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Conflict, Fenced, IllegalMove, NotYours
from hybridops.domain.states import RunState, StageState
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import queries, services, transitions
from hybridops.experiments.books import Book
from hybridops.experiments.models import Run, Stage
from hybridops.experiments.transitions import Ending, StageMove, apply, claim
from hybridops.quotas.models import Budget
from tests.approvals.asking import ask, decide
from tests.approvals.race import together
from tests.realdb import RealDatabase
from tests.world import World, submit


def version(run: Run) -> int:
    return int(Run.objects.values_list("version", flat=True).get(pk=run.pk))


def moves(run: Run) -> int:
    """Events of the run that tell a move."""
    return AuditEvent.objects.filter(stream=f"run:{run.pk}", action__startswith="run.").count()


def take(run: Run, key: str, worker: str = "w") -> Book:
    stage = Stage.objects.get(run=run, key=key)
    book = claim(stage_id=stage.pk, worker=worker, actor=SYSTEM)
    assert book is not None
    return book


def done(book: Book, **more: Any) -> Book:
    assert book.claimed is not None
    move = StageMove(book.claimed.key, StageState.DONE, "done", fence=book.claimed.fence)
    return apply(run_id=book.run.pk, actor=SYSTEM, stages=[move], **more)


def test_a_version_a_move_and_an_event_a_version(world: World) -> None:
    request = ask(world)
    run = Run.objects.get()
    decide(world.mikkel, request)
    for _ in range(12):
        drive(run.pk)
        ask_providers(run.pk)
    versions = [
        event.body.split('"version":')[1].split("}")[0].split(",")[0]
        for event in AuditEvent.objects.filter(stream=f"run:{run.pk}", action__startswith="run.").order_by(
            "seq"
        )
    ]
    assert [int(number) for number in versions] == list(range(1, version(run) + 1))
    assert moves(run) == version(run) > 15


def test_a_refused_move_counts_nothing(world: World) -> None:
    run = submit(world)
    before = version(run), moves(run)
    with pytest.raises(IllegalMove), transaction.atomic():
        apply(run_id=run.pk, actor=SYSTEM, stages=[StageMove("validate", StageState.DONE, "skips the work")])
    with pytest.raises(IllegalMove), transaction.atomic():  # the second of two: neither is made
        moved = [StageMove("validate", StageState.RUNNING, "x"), StageMove("score", StageState.DONE, "y")]
        apply(run_id=run.pk, actor=SYSTEM, stages=moved)
    assert (version(run), moves(run)) == before
    assert Stage.objects.get(run=run, key="validate").state == "ready"


def test_a_lease_that_went_on_is_fenced(world: World) -> None:
    run = submit(world)
    mine = take(run, "validate", "first")
    stage = Stage.objects.get(run=run, key="validate")
    transitions.return_stages([stage], why="lost", actor=SYSTEM)
    theirs = take(run, "validate", "second")
    before = version(run), moves(run)
    with pytest.raises(Fenced), transaction.atomic():
        done(mine)
    assert (version(run), moves(run)) == before
    done(theirs)
    with pytest.raises(Fenced), transaction.atomic():
        done(theirs)
    assert Stage.objects.get(run=run, key="validate").fence == 2


def test_a_call_about_a_stage_that_is_not_there_is_late_and_does_nothing(world: World) -> None:
    """The broker outlived the database: its calls name stages of another one."""
    assert claim(stage_id=10**9, worker="w", actor=SYSTEM) is None
    assert not AuditEvent.objects.filter(stream__startswith="run:").exists()


def test_eight_workers_take_a_stage_once(real: RealDatabase) -> None:
    run = submit(real.world)
    stage = Stage.objects.get(run=run, key="validate")

    def grab(n: int) -> str:
        return "mine" if claim(stage_id=stage.pk, worker=f"w{n}", actor=SYSTEM) else "gone"

    answers = together([lambda n=n: grab(n) for n in range(8)])
    assert sorted(answers) == ["gone"] * 7 + ["mine"]
    assert Stage.objects.get(pk=stage.pk).fence == 1


def test_a_known_book_spares_the_reading(real: RealDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    book = take(submit(real.world), "validate")
    monkeypatch.setattr(transitions, "open_book", lambda _: pytest.fail("was read again"))
    assert done(book, known=book).run.version == 3


def test_a_known_book_after_a_cancel_is_fenced(real: RealDatabase) -> None:
    world = real.world
    run = submit(world)
    book = take(run, "validate")
    services.cancel(user=world.ines, run_id=run.pk)
    before = version(run), moves(run), Budget.objects.get().pending_micro
    with pytest.raises(Fenced):
        done(book, known=book)
    fresh = Run.objects.get(pk=run.pk)
    assert (fresh.outcome, fresh.state) == ("cancelled", "cancelled")
    assert (version(run), moves(run), Budget.objects.get().pending_micro) == before
    assert set(Stage.objects.values_list("state", flat=True)) == {"skipped"}


def test_a_known_book_after_another_s_move_keeps_both(real: RealDatabase) -> None:
    """Two branches of one run, worked on at once: whoever comes second reads again and adds to the first."""
    run = submit(real.world)
    done(take(run, "validate"))
    baseline = take(run, "baseline", "a")
    narrow = take(run, "narrow", "b")
    done(baseline, known=baseline)
    after = done(narrow, known=narrow)
    states = dict(Stage.objects.filter(run=run).values_list("key", "state"))
    assert (states["baseline"], states["narrow"], states["compile"]) == ("done", "done", "ready")
    assert after.run.version == version(run) == moves(run) == 7


def test_a_known_book_after_a_wish_to_cancel_keeps_the_wish(real: RealDatabase) -> None:
    """The flag is read again, not overwritten with what was known before."""
    run = submit(real.world)
    book = take(run, "validate")
    apply(run_id=run.pk, actor=SYSTEM, cancel=True)
    done(book, known=book)
    assert Run.objects.get(pk=run.pk).cancel_requested


def test_a_stale_book_inside_a_transaction_spoils_nothing(real: RealDatabase) -> None:
    run = submit(real.world)
    book = take(run, "validate")
    apply(run_id=run.pk, actor=SYSTEM, cancel=True)
    with transaction.atomic():
        done(book, known=book)
        assert not connection.needs_rollback
    assert Run.objects.get(pk=run.pk).cancel_requested


def test_an_end_is_final(world: World) -> None:
    run = submit(world)
    book = take(run, "validate")
    apply(run_id=run.pk, actor=SYSTEM, ending=Ending(RunState.FAILED, "so"))
    for more in ({"ending": Ending(RunState.ACCEPTED, "no")}, {"cancel": True}):
        with pytest.raises(Fenced), transaction.atomic():
            apply(run_id=run.pk, actor=SYSTEM, **more)
    with pytest.raises(Fenced), transaction.atomic():
        done(book)
    assert Run.objects.get(pk=run.pk).outcome == "failed"


def test_who_may_cancel(world: World) -> None:
    run = submit(world)
    for name in ("zoe", "mikkel", "farah", "omar", "aud"):
        with pytest.raises(NotYours), transaction.atomic():
            services.cancel(user=world.people[name], run_id=run.pk)
    with pytest.raises(NotYours), transaction.atomic():
        services.cancel(user=world.ines, run_id=987654)
    assert not Run.objects.get().outcome
    assert services.cancel(user=world.tomas, run_id=run.pk).why == "Cancelled by Tomas."
    with pytest.raises(Conflict, match="ended already"), transaction.atomic():
        services.cancel(user=world.ines, run_id=run.pk)
    assert Budget.objects.get().pending_micro == 0


def test_a_cancel_at_the_gate_withdraws_the_question(world: World) -> None:
    request = ask(world)
    services.cancel(user=world.ines, run_id=request.envelope["run"])
    request.refresh_from_db()
    assert request.state == "withdrawn"
    with pytest.raises(Conflict, match="withdrawn already"):
        decide(world.mikkel, request)


def test_runs_are_their_team_s(world: World) -> None:
    run = submit(world)
    for name in ("ines", "tomas", "mikkel", "farah", "omar", "aud"):
        assert queries.run_for(world.people[name], run.pk) == run
        assert queries.versions_of(world.people[name], [run.pk]) == {run.pk: (1, "queued")}
    for pk in (run.pk, 987654):
        with pytest.raises(NotYours) as refusal:
            queries.run_for(world.zoe, pk)
        assert str(refusal.value) == "There is no such run."
    assert not queries.runs_for(world.zoe).exists()
    assert not queries.snapshots_for(world.zoe).exists()
    assert not queries.snapshots_for(world.aud).exists()
    assert queries.versions_of(world.zoe, [run.pk]) == {}
    with pytest.raises(NotYours):
        queries.run_by_key(world.zoe, run.submit_key)
