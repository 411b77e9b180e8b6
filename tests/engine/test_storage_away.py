"""A storage that is away ends no run: it waits, says why, goes on by itself, and sends nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import Client

from hybridops.artifacts.services import fetch, store
from hybridops.domain.errors import BadInput, StorageAway
from hybridops.engine import jobs, poll, sweep
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import conduct
from hybridops.experiments.models import Run, Stage, Submission
from tests.approvals.asking import ask, decide
from tests.engine import fake
from tests.world import World, submit


class EndpointConnectionError(Exception):
    """What botocore raises: no OSError."""


EndpointConnectionError.__module__ = "botocore.exceptions"


@contextmanager
def away(*names: str, problem: Exception | None = None) -> Iterator[None]:
    """The storage answers nothing, or only these of its questions not."""

    def fails(*told: Any, **more: Any) -> Any:
        raise problem or EndpointConnectionError("Could not connect to https://keys.example.org/")

    storage: Any = storages["artifacts"]
    with pytest.MonkeyPatch.context() as patch:
        for name in names or ("open", "exists", "save"):
            patch.setattr(storage, name, fails, raising=True)
        yield


def held() -> list[str]:
    return list(Stage.objects.filter(state="held").values_list("why", flat=True))


def woken(run: Run) -> Run:
    poll.ask_storage("artifacts")
    return drive(run.pk)


def finished(run: Run) -> Run:
    while not run.outcome:
        ask_providers(run.pk)
        run = drive(run.pk)
    return run


@pytest.mark.parametrize("problem", [None, OSError(28, "No space left on device"), TimeoutError()])
def test_an_outage_waits_with_its_reason_and_goes_on(world: World, problem: Exception | None) -> None:
    run = submit(world)
    with away(problem=problem):
        run = drive(run.pk)
        assert not run.outcome and held() and all(why.startswith(conduct.STORAGE) for why in held())
        assert "example.org" not in held()[0], "a reason names no place"
        poll.ask_storage("artifacts")
        assert held(), "it is still away"
    assert woken(run).state == "awaiting_approval"
    assert not Stage.objects.filter(losses__gt=0).exists()


def test_what_could_not_be_read_was_not_sent_and_is_sent_once(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    run_id = request.envelope["run"]
    with away("open"):
        run = drive(run_id)
        (why,) = held()
        assert why.startswith(conduct.STORAGE) and not fake.CLOUD.jobs
    row = Submission.objects.filter(run=run_id).first()
    assert row is None or (row.state == "reserved" and row.sent_at is None)
    assert finished(woken(run)).outcome == "accepted"
    calls = [call for call in fake.CLOUD.calls if call.startswith("submit")]
    assert len(calls) == len(set(calls)) == len(fake.CLOUD.jobs)


def test_results_wait_for_the_storage(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    run = drive(request.envelope["run"])
    with away("exists", "save"):  # the same bytes may lie there from another test
        for _ in range(3):
            ask_providers(run.pk)
        assert not Submission.objects.filter(state="retrieved").exists()
    assert finished(run).outcome == "accepted"


def test_a_run_that_waits_for_the_storage_can_be_cancelled(world: World) -> None:
    from hybridops.experiments import services

    run = submit(world)
    with away():
        drive(run.pk)
        services.cancel(user=world.ines, run_id=run.pk)
    assert Run.objects.get().outcome == "cancelled"


def test_what_is_missing_or_a_defect_is_no_outage(world: World) -> None:
    with pytest.raises(BadInput, match="missing"):
        fetch("0" * 64)
    with away(problem=KeyError("a defect")), pytest.raises(KeyError):
        store(b"x")
    with away(), pytest.raises(StorageAway, match="EndpointConnectionError"):
        store(b"x")


def test_the_sweeper_asks_now_and_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[Any, ...]] = []
    monkeypatch.setattr(sweep, "call", lambda job, key, queue: called.append((job, key, queue)))
    sweeper = sweep.Sweeper()
    sweep.try_storage(sweeper)()
    assert not called
    with away():
        drive(submit(world).pk)
    sweep.try_storage(sweeper)()
    sweep.try_storage(sweeper)()
    assert called == [("hybridops.engine.jobs.try_storage", "artifacts", "light")]
    assert called[0][0] in jobs.ALLOWED


def test_a_page_says_that_it_is_away(world: World) -> None:
    run = drive(submit(world).pk)
    browser = Client()
    browser.force_login(world.ines)
    with away():
        answer = browser.get(f"/runs/{run.pk}/artifact/circuit/")
    assert answer.status_code == 503 and b"EndpointConnectionError" in answer.content
