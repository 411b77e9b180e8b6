"""The page of schedules and hooks, and the door that a signed message comes through."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hybridops.engine.firing import fire_due
from hybridops.experiments.models import Run
from hybridops.outbox import signing
from hybridops.teams.models import Membership, User
from hybridops.triggers.models import Call, Hook, Schedule
from hybridops.web import hooks
from hybridops.web.answers.triggers import answer
from tests.engine.test_firing import signed
from tests.web.words import plain, within_forty
from tests.world import World, submit


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(run: Run, **changes: Any) -> dict[str, Any]:
    given = {
        "template": run.pk,
        "on": "same",
        "cron": "0 6 * * 1-5",
        "zone": "Europe/Copenhagen",
        "missed": "none",
    }
    return {**given, **changes}


def test_the_answers() -> None:
    for told in (
        answer(0, 0, None, 0),
        answer(1, 0, timezone.now(), 1),
        answer(3, 2, timezone.now(), 0),
        answer(0, 1, None, 0),
    ):
        within_forty(told)
    assert "One hook asks for runs." in plain(answer(0, 1, None, 0))


def test_a_schedule_from_its_form_to_its_end(world: World) -> None:
    run, ines = submit(world), browser(world.ines)
    assert "Nothing asks for runs by itself." in plain(ines.get("/schedules/").content.decode())
    assert ines.post("/schedules/add/", sent(run)).status_code == 302
    row = Schedule.objects.get()
    text = plain(ines.get("/schedules/").content.decode())
    assert "One schedule asks for runs." in text
    assert "0 6 * * 1-5 in Europe/Copenhagen" in text
    assert text.count(":00") >= 3  # the next times
    Schedule.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    assert fire_due() == 1
    assert f"R-{Run.objects.latest('pk').pk}" in plain(ines.get("/schedules/").content.decode())
    for verb, status in (
        ("pause", 302),
        ("pause", 409),
        ("resume", 302),
        ("end", 302),
        ("end", 302),
        ("pause", 409),
    ):
        assert ines.post(f"/schedules/{row.pk}/{verb}/").status_code == status, verb
    assert "ended by its owner" in plain(ines.get("/schedules/").content.decode())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cron": "* * * * *"}, "at least five minutes"), ({"cron": "nightly"}, "Give five fields"),
        ({"zone": "Atlantis"}, "Give a time zone"), ({"template": "999"}, "Choose a run of your own"),
        ({"template": ""}, "Choose a run."), ({"missed": "all"}, "Select a valid choice"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field(world: World, changes: dict[str, Any], says: str) -> None:
    answered = browser(world.ines).post("/schedules/add/", sent(submit(world), **changes))
    assert answered.status_code == 422
    assert says in plain(answered.content.decode())
    assert not Schedule.objects.exists()


def test_others_see_it_and_do_not_rule_it(world: World) -> None:
    browser(world.ines).post("/schedules/add/", sent(submit(world)))
    row = Schedule.objects.get()
    tomas, zoe = browser(world.tomas), browser(world.zoe)
    assert str(row) in plain(tomas.get("/schedules/").content.decode())
    assert str(row) not in plain(zoe.get("/schedules/").content.decode())
    for verb in ("pause", "resume", "end"):
        for other in (tomas, zoe):
            assert other.post(f"/schedules/{row.pk}/{verb}/").status_code == 404
    assert browser(world.omar).post(f"/schedules/{row.pk}/pause/").status_code == 302
    for user in (world.mikkel, world.omar):
        assert browser(user).post("/schedules/add/", {}).status_code == 404
    Membership.objects.filter(user=world.tomas).delete()
    world.tomas.groups.clear()
    assert tomas.get("/schedules/").status_code == 403


def test_a_hook_s_secret_is_shown_once_and_a_new_one_ends_it(world: World) -> None:
    run, ines = submit(world), browser(world.ines)
    wrong = ines.post("/schedules/hooks/", {"template": run.pk, "on": "same", "allowed": "shots 1 to 2"})
    assert (wrong.status_code, Hook.objects.count()) == (422, 0)
    made = ines.post("/schedules/hooks/", {"template": run.pk, "on": "same", "allowed": "shots 100 to 500"})
    hook = Hook.objects.get()
    secret = signing.shown(signing.hook_secret(hook.pk, 1))
    assert secret in made.content.decode()
    assert made.headers["Cache-Control"] == "no-store"
    assert secret not in ines.get("/schedules/").content.decode()
    assert hook.key in ines.get("/schedules/").content.decode()
    assert hook.key not in browser(world.tomas).get("/schedules/").content.decode()
    again = ines.post(f"/schedules/hooks/{hook.pk}/secret/")
    assert signing.shown(signing.hook_secret(hook.pk, 2)) in again.content.decode()
    for other in (browser(world.tomas), browser(world.zoe)):
        for verb in ("secret", "end"):
            assert other.post(f"/schedules/hooks/{hook.pk}/{verb}/").status_code == 404
    assert ines.post(f"/schedules/hooks/{hook.pk}/end/").status_code == 302


@pytest.fixture
def hook(world: World) -> Hook:
    given = {"template": submit(world).pk, "on": "same", "allowed": "shots 100 to 500"}
    browser(world.ines).post("/schedules/hooks/", given)
    return Hook.objects.get()


def call(hook: Hook, body: bytes, headers: dict[str, str] | None = None, key: str = "") -> Any:
    told = signed(hook, body) if headers is None else headers
    caller = Client(enforce_csrf_checks=True)
    return caller.post(f"/hooks/{key or hook.key}/", body, content_type="application/json", headers=told)


def test_a_signed_message_is_a_run_and_the_same_again_is_nothing(hook: Hook) -> None:
    body = b'{"parameters": {"shots": 200}}'
    headers = signed(hook, body)
    first = call(hook, body, headers)
    run = Call.objects.get().run
    assert (first.status_code, first.json()) == (202, {"run": run.pk, "path": f"/runs/{run.pk}/"})
    again, unknown, unsigned = call(hook, body, headers), call(hook, body, key="nobody"), call(hook, body, {})
    assert {one.status_code for one in (again, unknown, unsigned)} == {404}
    assert len({one.content for one in (again, unknown, unsigned)}) == 1
    assert again.headers["Content-Type"] == "application/problem+json"
    assert Call.objects.count() == 1


def test_what_a_hook_refuses_is_told_as_a_problem(hook: Hook) -> None:
    told = call(hook, b'{"parameters": {"shots": 9}}')
    assert (told.status_code, told.json()["code"], told.json()["field"]) == (422, "bad_input", "shots")
    assert call(hook, b"\xff").status_code == 422
    assert call(hook, b"[" * 5000).status_code == 422
    assert Client().get(f"/hooks/{hook.key}/").status_code == 405


def test_a_message_has_its_size_and_an_address_its_pace(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    large = b" " * (hooks.BODY_BYTES_MAX + 1)
    assert call(hook, large).status_code == 413
    monkeypatch.setattr(hooks, "FROM_ONE_ADDRESS_A_MINUTE", -1)
    monkeypatch.setattr(hooks, "broker", _Counting)
    slow = call(hook, b"{}")
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "60")
    assert not Call.objects.exists()


class _Counting:
    """A broker's counter that always says one."""

    def pipeline(self) -> _Counting:
        return self

    def __enter__(self) -> _Counting:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def incr(self, name: str) -> None:
        assert re.fullmatch(r"hooks:127\.0\.0\.1:\d+", name)

    def expire(self, name: str, seconds: int) -> None:
        assert seconds == 120

    def execute(self) -> list[int]:
        return [1]


def test_a_hook_makes_no_more_than_its_runs_a_minute(hook: Hook, settings: Any) -> None:
    settings.HOOK_CALLS_A_MINUTE = 0
    told = call(hook, json.dumps({}).encode())
    assert (told.status_code, told.json()["code"]) == (429, "too_many")
