"""A provider that cannot be asked: the submission waits for a person, who says what they found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from hybridops.approvals.queries import by_subject
from hybridops.audit.models import AuditEvent, Payload
from hybridops.domain import clock
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.models import Reservation
from hybridops.teams.models import User
from tests.engine import fake
from tests.presence import here
from tests.web.words import plain, within_forty
from tests.world import World, submit


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose only submission was sent into silence, at a provider without look-up and without keys."""
    monkeypatch.setattr(fake.Scripted, "capabilities", frozenset())
    fake.CLOUD.script = ["lost"]
    run = submit(world, parameters={"rounds": 1})
    drive(run.pk)
    request = by_subject(subject(run.pk))
    assert request is not None
    services.decide(
        user=world.mikkel,
        request_id=request.pk,
        verdict="approve",
        digest_shown=request.digest,
        presence=here(),
        reason="as planned",
    )
    drive(run.pk)
    Submission.objects.filter(run=run).update(sent_at=clock.now() - timedelta(minutes=1))
    for _ in range(3):
        ask_providers(run.pk)
        drive(run.pk)
    assert run.submissions.get().state == "unknown"
    return run


def say(user: User, run: Run, **given: str) -> tuple[int, str]:
    client = Client()
    client.force_login(user)
    answer = client.post(f"/runs/{run.pk}/submissions/1/", given)
    return answer.status_code, plain(answer.content.decode())


def test_the_page_says_what_hangs_on_it_and_today_leads_there(world: World, run: Run) -> None:
    client = Client()
    client.force_login(world.omar)
    address = f"/runs/{run.pk}/submissions/1/"
    assert address in client.get("/").content.decode()
    shown = client.get(address)
    text = plain(shown.content.decode())
    assert "scripted cannot say whether it took submission 1" in text
    assert "Up to $1.30 stays reserved" in text
    assert run.submissions.get().key in text
    within_forty(str(shown.context["answer"]))
    assert "checked" not in shown.content.decode().split("<fieldset")[1].split("</fieldset>")[0]


def test_a_job_that_was_found_is_fetched_scored_and_billed_once(world: World, run: Run) -> None:
    status, _ = say(world.omar, run, taken="yes", job_id="job-1", why="seen in the console")
    assert status == 302
    for _ in range(4):
        ask_providers(run.pk)
        drive(run.pk)
    fresh = Run.objects.get(pk=run.pk)
    assert fresh.outcome == "accepted"
    assert len(fake.CLOUD.jobs) == 1
    assert fresh.submissions.get().cost_micro == 1_300_000
    told = AuditEvent.objects.get(action="submission.cleared", actor=f"person:{world.omar.pk}")
    assert "seen in the console" not in told.body  # what people write can be erased, the log keeps its digest
    assert Payload.objects.filter(text="seen in the console").exists()


def test_a_job_that_never_arrived_gives_the_money_back_and_the_run_goes_on(world: World, run: Run) -> None:
    status, _ = say(world.omar, run, taken="no", why="support confirmed it")
    assert status == 302
    drive(run.pk)
    first = run.submissions.get(ordinal=1)
    assert (first.state, first.cost_micro) == ("refused", 0)
    assert Reservation.objects.get(key=first.reservation).state == "settled"
    assert run.submissions.count() == 2


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"taken": "maybe", "why": "x"},
        {"taken": "yes", "why": "x"},
        {"taken": "no", "job_id": "job-1", "why": "x"},
        {"taken": "no", "why": " "},
    ],
)
def test_half_an_answer_changes_nothing(world: World, run: Run, given: dict[str, str]) -> None:
    assert say(world.omar, run, **given)[0] == 422
    assert run.submissions.get().state == "unknown"


def test_only_who_operates_there_sees_it(world: World, run: Run) -> None:
    for name in ("ines", "mikkel", "farah", "aud", "zoe"):
        assert say(getattr(world, name), run, taken="no", why="it says so")[0] == 404
    assert run.submissions.get().state == "unknown"


@pytest.mark.parametrize("taken", ["yes", "no"])
def test_what_is_clear_by_now_is_not_changed(world: World, run: Run, taken: str) -> None:
    say(world.omar, run, taken="yes", job_id="job-1", why="seen")
    status, text = say(world.omar, run, taken=taken, job_id="job-1" if taken == "yes" else "", why="again")
    assert status == 409
    assert "Nothing is left to say" in text


def test_while_the_provider_is_still_asked_nobody_concludes(world: World, run: Run) -> None:
    Submission.objects.filter(run=run).update(error="no answer yet")
    assert say(world.omar, run, taken="no", why="impatient")[0] == 409
    assert run.submissions.get().state == "unknown"
