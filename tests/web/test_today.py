"""Today: what needs the person who looks, and only that person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags

from hybridops.approvals.queries import by_subject
from hybridops.domain import clock
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import services
from hybridops.experiments.conduct import PERSON, subject
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.models import Budget, SpendingStop
from hybridops.teams.models import User
from hybridops.web.answers.today import Desk, answer
from tests.presence import here
from tests.world import World, submit

NINE = datetime(2026, 11, 22, 9, 40, tzinfo=UTC)


def page(user: User, address: str = "/") -> str:
    client = Client()
    client.force_login(user)
    return client.get(address).content.decode()


def decided(world: World, verdict: str, **changes: object) -> Run:
    run = submit(world, **changes)
    drive(run.pk)
    request = by_subject(subject(run.pk))
    assert request is not None
    services.decide(
        user=world.mikkel,
        presence=here(),
        request_id=request.pk,
        verdict=verdict,
        digest_shown=request.digest,
        reason="fewer shots would do",
    )
    return drive(run.pk)


@pytest.mark.parametrize(
    ("desk", "said"),
    [
        (Desk(), "Nothing needs you. No run is moving."),
        (Desk(moving=1), "Nothing needs you. One run is moving."),
        (Desk(decisions=1, first_lapses=NINE), "One decision waits for you, and it lapses at 09:40."),
        (Desk(decisions=3, first_lapses=NINE, moving=2), "Three decisions wait for you, and the first lapses at 09:40."),
        (Desk(without_result=2), "Two runs of yours ended without a result."),
        (Desk(budgets=1), "One budget needs you."),
        (Desk(for_a_person=1), "One submission is unclear and needs a person."),
        (Desk(stopped=True), "All QPU spending is stopped."),
    ],
)  # fmt: skip
def test_the_answer_counts_what_lies_there(desk: Desk, said: str) -> None:
    assert strip_tags(answer(desk)).startswith(said)


def test_the_answer_stays_short_with_everything_in_it() -> None:
    told = strip_tags(answer(Desk(12, None, 3, 2, 4, True, 40)))
    assert len(told.split()) <= 40
    assert "None" not in told


def test_a_reviewer_finds_the_decision_and_its_requester_does_not(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    mine = page(world.mikkel)
    assert "One decision waits for you" in mine.replace("<b>", "").replace("</b>", "")
    assert "Waiting for you" in mine
    theirs = page(world.ines)
    assert "Nothing needs you." in theirs
    assert "Waiting for approval" in theirs
    assert f'data-watch="run:{run.pk}"' in theirs


def test_a_run_that_ended_without_a_result_lies_on_its_requesters_desk_only(world: World) -> None:
    run = decided(world, "changes", fallback="stop")
    assert "Changes asked" in page(world.ines)
    assert f"R-{run.pk}" in page(world.ines, "/?part=needs")
    assert f"R-{run.pk}" not in page(world.tomas, "/?part=needs")
    Run.objects.filter(pk=submit(world).pk).update(replay_of=run)
    assert "Changes asked" not in page(world.ines, "/?part=needs")


def test_a_moving_row_is_its_own_fragment(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    row = page(world.ines, f"/?run={run.pk}")
    assert row.startswith('<li class="row"')
    assert f'data-fragment="/?run={run.pk}"' in row


def test_a_spending_stop_is_the_operators_to_lift(world: World) -> None:
    client = Client()
    client.force_login(world.omar)
    answer = client.post("/spending/stop/", {"why": "the bill looks wrong", "next": "/"}, follow=True)
    assert "QPU spending is stopped" in answer.content.decode()
    assert "the bill looks wrong" in page(world.ines)  # everybody reads the strip
    assert "Resume QPU spending" not in page(world.ines)
    client.post("/spending/resume/", {"next": "https://elsewhere.example/"})
    assert not SpendingStop.objects.filter(standing=True).exists()


def test_a_stop_without_a_reason_changes_nothing(world: World) -> None:
    client = Client()
    client.force_login(world.omar)
    answer = client.post("/spending/stop/", {"why": " "})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert not SpendingStop.objects.exists()


def test_finance_sees_budgets_near_their_limit(world: World) -> None:
    assert "Nearly used" not in page(world.farah)
    Budget.objects.update(posted_micro=900_000_000)
    assert "Nearly used" in page(world.farah)
    assert "Nearly used" not in page(world.mikkel)
    Budget.objects.update(frozen=True, overrun_micro=5_000_000)
    assert "Frozen after an overrun of $5.00" in page(world.farah)


def test_an_unclear_submission_is_the_operators(world: World) -> None:
    run = decided(world, "approve")
    ask_providers(run.pk)
    Submission.objects.filter(run=run).update(error=f"{PERSON}scripted does not say", settled=False)
    assert "A person has to look" in page(world.omar)
    assert "A person has to look" not in page(world.mikkel)


def test_what_ended_lately_leaves_after_a_day(world: World) -> None:
    run = decided(world, "reject", fallback="classical")
    assert "Completed, degraded" in page(world.tomas)
    Run.objects.filter(pk=run.pk).update(ended_at=clock.now() - timedelta(days=2))
    assert "Completed, degraded" not in page(world.tomas)


def test_the_page_asks_as_often_for_many_runs_as_for_one(
    world: World, django_assert_max_num_queries: object
) -> None:
    for _ in range(6):
        drive(submit(world).pk)
    client = Client()
    client.force_login(world.mikkel)
    with django_assert_max_num_queries(42):  # type: ignore[operator]
        client.get("/")
