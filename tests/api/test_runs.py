"""Runs over the API: the same rules as on the pages, the same call once, and a clear no."""

from __future__ import annotations

import io
import zipfile
from threading import Thread
from types import SimpleNamespace
from typing import Any

import fakeredis
import pytest
from django.db import connection

from hybridops.engine.inline import drive
from hybridops.experiments.models import Run
from hybridops.web.api import pace
from tests.api.calling import Caller, is_problem, person, service
from tests.realdb import RealDatabase
from tests.world import World, submit


@pytest.fixture
def robot(world: World) -> Caller:
    return service(world.team, world.mikkel)


def wish(world: World, **changes: Any) -> dict[str, Any]:
    told = {
        "workflow": "fake", "project": world.project.pk, "snapshot": world.snapshot.pk, "title": "Wave 14, zone C",
        "seed": 7, "cost_max_usd": "50",
    }  # fmt: skip
    return {**told, **changes}


def test_a_quote_and_the_run_it_was_for(world: World, robot: Caller) -> None:
    quoted = robot.post("/quotes", wish(world)).json()
    assert quoted["backend"] and not quoted["over_cap"] and float(quoted["high_usd"]) > 0
    assert {choice["backend"] for choice in quoted["choices"]} == {"aster", "kelvin"}
    assert not Run.objects.exists()
    made = robot.post("/runs", wish(world, quote=quoted["digest"]))
    assert made.status_code == 201
    run = made.json()
    assert (run["title"], run["state"], run["requested_by"]) == ("Wave 14, zone C", "queued", "Robot")
    assert run["costs"][0]["what"] == "CPU and GPU time"
    assert robot.get(f"/runs/{run['id']}").json() == run
    assert [one["id"] for one in robot.get("/runs").json()["items"]] == [run["id"]]


def test_another_quote_is_a_conflict_and_makes_nothing(world: World, robot: Caller) -> None:
    assert is_problem(robot.post("/runs", wish(world, quote="0" * 64)), 409, "conflict")
    over = robot.post("/runs", wish(world, cost_max_usd="0.01"))
    assert is_problem(over, 422, "bad_input") and over.json()["field"] == "cost_max"
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": ""}, "invalid"), ({"seed": -1}, "invalid"), ({"seed": "x"}, "invalid"), ({"project": 10**30}, "invalid"),
        ({"deadline": "tomorrow"}, "invalid"), ({"cost_max_usd": "0.0000001"}, "invalid"), ({"cost_max_usd": "NaN"}, "invalid"),
        ({"workflow": "nothing"}, "unsigned"), ({"snapshot": 999}, "bad_input"), ({"backend": "nowhere"}, "bad_input"),
        ({"parameters": {"nothing": 1}}, "bad_input"), ({"parameters": {"rounds": "many"}}, "bad_input"),
        ({"priority_class": "urgent"}, "bad_input"), ({"fallback": "hope"}, "bad_input"), ({"anyway": "so"}, "bad_input"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_made(
    world: World, robot: Caller, changes: dict[str, Any], code: str
) -> None:
    answer = robot.post("/runs", wish(world, **changes), Idempotency_Key="k")
    assert is_problem(answer, 422, code), answer.content
    assert not Run.objects.exists()
    assert (
        robot.post("/runs", wish(world), Idempotency_Key="k").status_code == 201
    )  # mended, with the same key


def test_a_body_that_is_no_json(world: World, robot: Caller) -> None:
    answer = robot.client.post(
        "/api/v1/runs",
        "{",
        content_type="application/json",
        headers={"Authorization": f"Bearer {robot.token}"},
    )
    assert is_problem(answer, 400, "unreadable")
    assert is_problem(robot.get("/nothing/at/all"), 404, "not_found")


def test_the_same_key_is_the_same_run(world: World, robot: Caller) -> None:
    first = robot.post("/runs", wish(world), Idempotency_Key="order 66")
    again = robot.post("/runs", wish(world), Idempotency_Key="order 66")
    assert (again.status_code, again.json()) == (201, first.json())
    other = robot.post("/runs", wish(world, seed=8), Idempotency_Key="order 66")
    assert is_problem(other, 409, "conflict")
    assert Run.objects.count() == 1
    theirs = service(world.team, world.mikkel, name="second")
    assert theirs.post("/runs", wish(world), Idempotency_Key="order 66").json()["id"] != first.json()["id"]
    assert is_problem(robot.post("/runs", wish(world), Idempotency_Key="x" * 65), 422, "bad_input")


def test_a_key_that_was_forgotten_is_still_the_same_run(world: World, robot: Caller) -> None:
    from hybridops.web.models import Answered

    first = robot.post("/runs", wish(world), Idempotency_Key="k").json()
    Answered.objects.all().delete()
    assert robot.post("/runs", wish(world), Idempotency_Key="k").json()["id"] == first["id"]


@pytest.mark.slow
def test_the_same_key_at_the_same_moment_is_one_run(real: RealDatabase) -> None:
    robot = service(real.world.team, real.world.mikkel)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(Caller(robot.token).post("/runs", wish(real.world), Idempotency_Key="k"))
        connection.close()

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [201] * 8, [a.content for a in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1 == Run.objects.count()


def test_a_submit_asks_for_nothing_twice(
    world: World, robot: Caller, django_assert_max_num_queries: Any
) -> None:
    """People wait for it while workers take all the processor that they get."""
    robot.post("/runs", wish(world))
    with django_assert_max_num_queries(63) as asked:
        assert robot.post("/runs", wish(world), Idempotency_Key="k").status_code == 201
    documents = [
        one["sql"] for one in asked.captured_queries if 'signeddocument"."version" DESC' in one["sql"]
    ]
    assert len(documents) == len(set(documents)) == 3  # the workflow, the prices, the policy


def test_a_list_comes_in_pages(world: World, robot: Caller) -> None:
    runs = [submit(world, title=f"Wave {n}").pk for n in range(5)]
    first = robot.get("/runs?limit=2").json()
    second = robot.get(f"/runs?limit=2&cursor={first['next']}").json()
    last = robot.get(f"/runs?limit=2&cursor={second['next']}").json()
    seen = [one["id"] for page in (first, second, last) for one in page["items"]]
    assert (seen, last["next"]) == (runs[::-1], None)
    assert [one["title"] for one in robot.get("/runs?text=Wave%203").json()["items"]] == ["Wave 3"]
    assert robot.get("/runs?state=accepted").json()["items"] == []
    assert is_problem(robot.get("/runs?cursor=zzz"), 422, "bad_input")
    assert is_problem(robot.get("/runs?limit=1000"), 422, "invalid")


def test_what_has_not_changed_is_not_sent_again(world: World, robot: Caller) -> None:
    run = submit(world)
    first = robot.get(f"/runs/{run.pk}")
    same = robot.get(f"/runs/{run.pk}", If_None_Match=first["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    drive(run.pk)
    assert robot.get(f"/runs/{run.pk}", If_None_Match=first["ETag"]).status_code == 200


def test_cancel_replay_events_and_proofs(world: World, robot: Caller) -> None:
    run = submit(world)
    drive(run.pk)
    events = robot.get(f"/runs/{run.pk}/events").json()["items"]
    assert events[-1]["action"] == "run.moved" and events[0]["seq"] == len(events)
    cancelled = robot.post(f"/runs/{run.pk}/cancel")
    assert (cancelled.status_code, cancelled.json()["outcome"]) == (200, "cancelled")
    assert is_problem(robot.post(f"/runs/{run.pk}/cancel"), 409, "conflict")
    again = robot.post(f"/runs/{run.pk}/replay", Idempotency_Key="again")
    assert (again.status_code, again.json()["replay_of"]) == (201, run.pk)
    bundle = robot.get(f"/runs/{run.pk}/bundle")
    assert bundle["Content-Type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(bundle.content)).namelist()


def test_another_team_s_runs_and_none_look_the_same(world: World) -> None:
    run = submit(world)
    alien = service(world.zoe.memberships.get().team, world.zoe, name="alien")
    for path in ("", "/events", "/bundle"):
        theirs, none = alien.get(f"/runs/{run.pk}{path}"), alien.get(f"/runs/999999{path}")
        assert is_problem(theirs, 404, "not_found") and theirs.content == none.content
    for path in ("/cancel", "/replay"):
        assert is_problem(alien.post(f"/runs/{run.pk}{path}"), 404, "not_found")
    assert alien.get("/runs").json()["items"] == []
    assert is_problem(alien.post("/runs", wish(world)), 422, "bad_input")
    reviewer = person(world.mikkel)
    assert reviewer.get(f"/runs/{run.pk}").status_code == 200
    assert is_problem(reviewer.post(f"/runs/{run.pk}/cancel"), 404, "not_found")  # reads, but does not submit


def test_a_team_that_asks_too_often_waits_and_others_do_not(
    world: World, robot: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = fakeredis.FakeStrictRedis()
    monkeypatch.setattr(pace, "broker", lambda: shared)
    monkeypatch.setattr(pace, "time", SimpleNamespace(time=lambda: 1_000_000_000.0))
    settings.API_CALLS_A_MINUTE = 3
    assert [robot.get("/me").status_code for _ in range(4)] == [200, 200, 200, 429]
    late = person(world.ines).get("/me")
    assert is_problem(late, 429, "too_many") and late["Retry-After"] == "20"
    alien = service(world.zoe.memberships.get().team, world.zoe, name="alien")
    assert alien.get("/me").status_code == 200
    monkeypatch.setattr(pace, "time", SimpleNamespace(time=lambda: 1_000_000_021.0))
    assert robot.get("/me").status_code == 200
