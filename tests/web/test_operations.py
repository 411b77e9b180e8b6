"""Operations and status say what is: each trouble is seen, told first, and gone with its cause; neither names people."""

from __future__ import annotations

from datetime import timedelta
from time import sleep, time
from typing import Any

import fakeredis
import pytest
from django.test import Client
from redis import RedisError

from hybridops.approvals.models import ApprovalRequest
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.domain.states import NoticeState
from hybridops.engine import readings
from hybridops.engine.inline import ask_providers, drive
from hybridops.engine.levels import standings
from hybridops.experiments import announce, conduct, pulse
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.outbox.models import Message
from hybridops.quotas.stops import resume_spending, stop_spending
from hybridops.teams.models import User
from tests.approvals.asking import ask, decide
from tests.engine.fake import CLOUD
from tests.world import World, submit


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A broker in which every process was just heard."""
    shared = fakeredis.FakeStrictRedis()
    for module in (announce, pulse, readings):
        for name in ("broker", "broker_for_pages"):
            monkeypatch.setattr(module, name, lambda: shared, raising=False)
    for kind in ("sweep", "courier", "worker light", "worker cpu", "worker gpu", "worker qpu"):
        heard(kind)
    return shared


def heard(kind: str, ago: float = 0.0) -> None:
    pulse.beat(pulse.Pulse(f"here-{kind}", kind, pulse.version(), time() - 99, time() - ago))


def text(user: User, path: str = "/operations/") -> str:
    browser = Client()
    browser.force_login(user)
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u202f", " ")


def ended(world: World) -> Run:
    request = ask(world)
    decide(world.mikkel, request)
    run = drive(request.envelope["run"])
    while not run.outcome:
        ask_providers(run.pk)
        run = drive(run.pk)
    return Run.objects.get(pk=request.envelope["run"])


def by_key() -> dict[str, tuple[int, int]]:
    return {one.level.key: (one.counts["28 d"].bad, one.counts["28 d"].all) for one in standings()}


def test_a_house_in_order_says_so(world: World) -> None:
    ended(world)
    shown = text(world.omar)
    assert "<b>Work is moving.</b>" in shown and pulse.version() in shown and "Nothing is held" in shown
    assert "<b>Everything works.</b>" in text(world.ines, "/status/")


def test_each_trouble_is_told(world: World, house: Any) -> None:
    stop_spending(why="a drill", actor=SYSTEM)
    assert "QPU spending is stopped since" in text(world.omar)
    status = text(world.ines, "/status/")
    assert "Quantum work: this is held since" in status
    resume_spending(actor=SYSTEM)
    heard("worker cpu", ago=100)
    heard("sweep", ago=100)
    shown = text(world.omar)
    assert "No sweeper was heard lately" in shown and "Two processes have fallen silent" in shown
    submit(world)
    Stage.objects.filter(state="ready").update(queue="cpu", ready_since=time() - 400)
    heard("sweep")
    shown = text(world.omar)
    assert "Work for cpu waits 6 min" in shown and "and no worker is there" in shown
    status = text(world.ines, "/status/")
    assert "Classical work: this is slower than usual since" in status and "nobody is there" in status


def test_a_broker_that_is_away_is_said_and_the_page_is_there(world: World, monkeypatch: Any) -> None:
    def away() -> Any:
        raise RedisError("away")

    monkeypatch.setattr(pulse, "broker_for_pages", away)
    assert "The broker is away" in text(world.omar)
    assert "Live pages and calls to workers: this is held" in text(world.ines, "/status/")


def test_dead_letters_and_late_mail_are_seen(world: World) -> None:
    past = clock.now() - timedelta(hours=1)
    row = Message.objects.create(
        to=world.ines, kind="run.ended", key="x", pace="now", subject="s", text="t", path="/",
        made_at=past, next_at=past,
    )  # fmt: skip
    assert "Mail and messages: this is slower than usual since" in text(world.ines, "/status/")
    Message.objects.filter(pk=row.pk).update(state=NoticeState.GIVEN_UP, ended_at=past)
    assert "One notice was given up" in text(world.omar) and "1 given up</a>" in text(world.omar)
    Message.objects.filter(pk=row.pk).update(
        state=NoticeState.QUEUED, next_at=clock.now() + timedelta(hours=9), ended_at=None
    )
    assert "<b>Everything works.</b>" in text(world.ines, "/status/"), "a daily mail is not late"


def test_a_storage_that_is_away_holds_files(world: World) -> None:
    run = submit(world)
    Stage.objects.filter(run=run, state="ready").update(state="held", why=f"{conduct.STORAGE}it answered 503")
    assert "Files of runs: this is held" in text(world.ines, "/status/")
    assert "1 stage: the storage is away" in text(world.omar)


def test_levels_count_what_happened(world: World) -> None:
    run = ended(world)
    counted = by_key()
    assert counted["sound"] == (0, 1) and counted["answered"] == (0, 1) and counted["once"][0] == 0
    sent = counted["once"][1]
    assert sent == counted["sure"][1] == run.submissions.count() > 0
    Run.objects.filter(pk=run.pk).update(outcome="failed")
    ApprovalRequest.objects.update(state="expired")
    Submission.objects.update(looked_up=1)
    counted = by_key()
    assert counted["sound"] == (1, 1) and counted["answered"] == (1, 1) and counted["sure"] == (sent, sent)
    Run.objects.filter(pk=run.pk).update(outcome="cancelled")
    assert by_key()["sound"] == (0, 0)
    Run.objects.filter(pk=run.pk).update(outcome="failed", ended_at=clock.now() - timedelta(days=29))
    assert by_key()["sound"] == (0, 0)


def test_a_job_under_two_submissions_is_one_too_many(world: World) -> None:
    ended(world)
    assert len(CLOUD.jobs) > 1
    Submission.objects.update(job_id="job-1")
    shown = text(world.omar)
    assert by_key()["once"][0] == 1
    assert "Each job is sent once: this was broken" in shown and "none, and broken" in shown


def test_status_names_nobody_and_tells_no_secret(world: World) -> None:
    stop_spending(why="Omar says that the token is hunter2", actor=SYSTEM)
    browser = Client()
    browser.force_login(world.zoe)
    part = browser.get("/status/?part=all").content.decode()
    assert "Quantum work" in part and "hunter2" not in part and "Omar" not in part and "Wave" not in part


def test_who_is_not_an_operator_is_refused(world: World) -> None:
    for name in ("ines", "mikkel", "farah", "aud", "zoe"):
        browser = Client()
        browser.force_login(world.people[name])
        answer = browser.get("/operations/")
        assert answer.status_code == 403 and b"operators and administrators" in answer.content
        assert browser.get("/operations/?part=all").status_code == 403
        assert browser.get("/status/").status_code == 200
    assert Client().get("/status/").status_code == 302


def test_a_process_is_heard_while_it_is_there_and_gone_when_it_leaves(house: Any) -> None:
    house.flushall()
    with pulse.beating("sweep", "one"):
        while not pulse.pulses():
            sleep(0.01)
        (one,) = pulse.pulses()
        assert (one.name, one.kind, one.lost, one.version) == ("one", "sweep", False, pulse.version())
    assert not pulse.pulses()
