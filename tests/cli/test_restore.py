"""The whole way back: work goes on after the copy, the house is restored, and nothing is sent twice. On either store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from hybridops.audit.models import AuditEvent
from hybridops.audit.services import seal, sequence
from hybridops.cli import backup as copying
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import ProviderError, Refused
from hybridops.domain.ports import Capability
from hybridops.engine.inline import ask_providers, drive
from hybridops.engine.reconcile import reconcile
from hybridops.engine.signatures import verify_all
from hybridops.experiments import services, stops
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.books import differences
from hybridops.quotas.models import SpendingStop
from hybridops.quotas.queries import spending_stop
from tests.approvals.asking import ask, decide
from tests.engine import fake
from tests.realdb import RealDatabase, _use
from tests.world import World


def sent() -> list[str]:
    return [call for call in fake.CLOUD.calls if call.startswith("submit")]


def approved(world: World) -> int:
    """A run that was approved and sent; its job is in the provider's queue."""
    request = ask(world)
    decide(world.mikkel, request)
    run_id: int = request.envelope["run"]
    drive(run_id)
    assert Submission.objects.get(run=run_id).state == "submitted"
    return run_id


def move_in(folder: Path, real: RealDatabase) -> int:
    """Into a new place: no file, or an empty database."""
    connection.close()
    if connection.vendor == "postgresql":
        _use(str(connection.settings_dict["NAME"]), like="template0")
    else:
        for old in real.path.parent.glob(f"{real.path.name}*"):
            old.unlink()
    return copying.restore(folder)


def to_the_end(run_id: int) -> Run:
    run = drive(run_id)
    while not run.outcome:
        ask_providers(run_id)
        run = drive(run_id)
    return run


def test_a_restored_house_sends_nothing_twice_and_finds_what_it_lost(
    real: RealDatabase, tmp_path: Path
) -> None:
    world = real.world
    before = approved(world)
    waiting = ask(world)
    during = waiting.envelope["run"]
    while sequence():
        pass
    seal()
    copying.backup(tmp_path / "copy")
    decide(world.mikkel, waiting)
    drive(during)
    after = approved(world)
    assert len(sent()) == len(fake.CLOUD.jobs) == 3

    move_in(tmp_path / "copy", real)
    stop = spending_stop()
    assert stop is not None and stop.backup_at is not None and stop.asked_at is None
    assert not Run.objects.filter(pk=after).exists()
    decide(world.mikkel, waiting)
    drive(during)
    assert len(sent()) == 3, "approved again, and nothing starts"
    with pytest.raises(Refused, match="reconcile"):
        stops.resume_spending(user=world.omar)

    report = reconcile(actor=SYSTEM)
    assert report is not None and not report.failed
    lost = [(one.run, one.provider, one.job) for one in report.lost]
    assert lost == [(during, "scripted", "job-2")]
    assert any("in its console only" in words for words in report.consoles), "the third one is for a person"
    with pytest.raises(Refused, match=f"R-{during} was sent to scripted as job-2"):
        stops.resume_spending(user=world.omar)
    services.cancel(user=world.ines, run_id=during)
    assert drive(during).outcome == "cancelled"
    stops.resume_spending(user=world.omar)
    assert to_the_end(before).outcome == "accepted"
    assert len({*sent()}) == len(sent()), "no key was sent twice"
    actions = list(
        AuditEvent.objects.filter(stream="spending").order_by("seq").values_list("action", flat=True)
    )
    assert actions[-3:] == ["house.restored", "house.reconciled", "spending.resumed"]
    while sequence():
        pass
    seal()
    assert verify_all().verified and not differences()


def test_a_provider_that_does_not_answer_keeps_the_hold(
    real: RealDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(real.world)
    copying.backup(tmp_path / "copy")
    move_in(tmp_path / "copy", real)

    def away(*_: object) -> None:
        raise ProviderError("no answer in 30 s", kind="timeout")

    with monkeypatch.context() as silent:
        silent.setattr(fake.Scripted, "find", away)
        with pytest.raises(SystemExit):
            call_command("reconcile")
    with pytest.raises(Refused, match="reconcile"):
        stops.resume_spending(user=real.world.omar)
    monkeypatch.setattr(fake.Scripted, "capabilities", fake.Scripted.capabilities - {Capability.FIND_BY_KEY})
    report = reconcile(actor=SYSTEM)
    assert report is not None and any("cannot look a job up" in words for words in report.consoles)
    stops.resume_spending(user=real.world.omar)
    assert reconcile(actor=SYSTEM) is None and spending_stop() is None


def test_what_the_copy_meant_to_send_is_not_sent_while_it_is_held(real: RealDatabase, tmp_path: Path) -> None:
    """The answer was lost before the copy: with the stop, not even the same key is sent again."""
    fake.CLOUD.script[:] = ["silent"]
    request = ask(real.world)
    decide(real.world.mikkel, request)
    run_id = request.envelope["run"]
    drive(run_id)
    copying.backup(tmp_path / "copy")
    move_in(tmp_path / "copy", real)
    for _ in range(4):
        ask_providers(run_id)
    assert len(sent()) == 1 and Submission.objects.get().state == "unknown"
    reconcile(actor=SYSTEM)
    stops.resume_spending(user=real.world.omar)
    assert to_the_end(run_id).outcome == "accepted" and len(fake.CLOUD.jobs) == Submission.objects.count()


def test_a_stop_that_stood_in_the_copy_becomes_the_hold(real: RealDatabase, tmp_path: Path) -> None:
    stops.stop_spending(user=real.world.omar, why="a drill")
    copying.backup(tmp_path / "copy")
    move_in(tmp_path / "copy", real)
    (stop,) = SpendingStop.objects.all()
    assert stop.backup_at is not None and stop.why == "a drill"


def test_a_copy_of_another_version_or_into_a_full_place_is_refused(
    real: RealDatabase, tmp_path: Path
) -> None:
    copying.backup(tmp_path / "copy")
    with pytest.raises(Refused, match=r"There is a database|There are tables"):
        copying.restore(tmp_path / "copy")
    manifest = tmp_path / "copy" / copying.MANIFEST
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**told, "migrations": told["migrations"][:-1]}))
    with pytest.raises(Refused, match="another version"):
        move_in(tmp_path / "copy", real)
