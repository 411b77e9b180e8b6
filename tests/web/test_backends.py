"""The page of backends: can I send work there now, in words, in every standing; and the breaker by hand, with refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from hybridops.audit.models import AuditEvent, Payload
from hybridops.backends import services as backends
from hybridops.backends.models import Breaker, BreakerMove, Listing
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.engine import erasing, poll
from hybridops.experiments.models import Submission
from hybridops.teams import leaving
from hybridops.teams.models import User
from hybridops.web.viewmodels.offer import picks_of
from tests.engine import fake
from tests.engine.test_breakers import fault, finish
from tests.engine.turning import approved, cap, stage_of
from tests.presence import code_of
from tests.web.words import plain, within_forty
from tests.world import World

HOLD = {
    "provider": "scripted",
    "backend": "aster",
    "verb": "hold",
    "seen": "0",
    "why": "announced maintenance",
}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(user: User, path: str = "/backends/") -> str:
    answer = browser(user).get(path)
    assert answer.status_code == 200
    return plain(answer.content.decode())


def number(name: str = "aster") -> int:
    return Listing.objects.get(name=name).pk


def one(user: User, name: str = "aster") -> str:
    return text(user, f"/backends/{number(name)}/")


def act(user: User, **changes: str) -> tuple[int, str]:
    answer = browser(user).post("/backends/breaker/", {**HOLD, **changes})
    return answer.status_code, plain(answer.content.decode())


def test_all_open_says_where_the_queue_is_shortest(world: World) -> None:
    page = text(world.ines)
    assert "Yes, to aster: about 10 s of queue. One other is open as well." in page
    assert "$0.30 a task and $0.01000 a shot" in page
    assert "none yet" in page and "Passing" in page
    within_forty(browser(world.ines).get("/backends/?part=answer").content.decode())


def test_nothing_seen_yet_says_so(world: World) -> None:
    Listing.objects.all().delete()
    assert "No backend has been seen yet. The workers look within seconds." in text(world.ines)


def test_each_standing_has_its_words(world: World) -> None:
    fault()
    page = text(world.ines)
    assert "Yes, to kelvin: about 1 min of queue. aster is left alone for now." in page
    assert "Aster is left alone for now, 3 of the last 3 jobs failed there, not before" in page
    assert "0 of 3 sound" in page
    Breaker.objects.update(until=0.0)
    page = text(world.ines)
    assert "aster takes one trial job at a time." in page
    assert "The next job that goes to aster is a trial." in page
    cap(0, backend="kelvin")
    assert "Not now. aster takes one trial job at a time. kelvin takes nothing by its cap." in text(
        world.ines
    )
    backends.close("scripted")
    assert "Not now. aster and kelvin are closed." in text(world.ines)


def test_a_provider_that_does_not_answer_shuts_all_of_its_backends(world: World) -> None:
    fault(kind="timeout")
    page = text(world.ines)
    assert "Not now. aster and kelvin are left alone for now." in page
    assert "scripted is left alone for now, 3 of the last 3 jobs failed there" in page.lower()


def test_the_form_offers_what_is_left_alone_last_and_says_so(world: World) -> None:
    from hybridops.engine.preview import preview
    from hybridops.experiments.services import Wanted

    wanted = Wanted(
        project_id=world.project.pk, snapshot_id=world.snapshot.pk, title="Wave 14", business_outcome="shorter walks",
        parameters={}, seed=7, backend="", priority_class="validation", fallback="classical", deadline=None,
        cost_max_micro=50_000_000,
    )  # fmt: skip
    fault()
    seen = preview(user=world.ines, workflow_name="fake", wanted=wanted)
    assert [choice.backend.name for choice in seen.choices] == ["kelvin", "aster"]
    assert seen.chosen.backend.name == "kelvin"
    words = {pick.name: pick.words for pick in picks_of(seen)}
    assert words["aster"].startswith(
        "Aster is left alone for now, 3 of the last 3 jobs failed there: it waits, or goes"
    )


def test_an_old_look_says_from_when_it_is(world: World) -> None:
    Listing.objects.update(seen_at=clock.now() - timedelta(minutes=9))
    assert "as of" in text(world.ines)
    assert "an old look" in one(world.ines)


def test_one_backend_tells_its_past(world: World) -> None:
    finish(approved(world))
    fake.CLOUD.calibration = "b"
    poll.observe("scripted")
    fault(1)
    page = one(world.ines)
    assert "Yes. About 10 s of queue, $0.30 a task and $0.01000 a shot." in page
    assert "1 of 2" in page
    assert "Backend down" in page and "Sound" in page
    assert "Nothing: it was closed all the time." in page
    assert "By hand" not in page, "who does not operate finds no form"
    assert "Two-qubit error was not reported yet." in page
    assert "Wait: 10 s" in page


def test_a_run_that_is_asked_about_again_stands_there(world: World) -> None:
    """Calibration drift holds the job: it goes back to its approval, and the page says so."""
    from hybridops.engine.inline import drive
    from tests.engine.test_run import decide
    from tests.world import submit

    run = submit(world, parameters={"rounds": 1})
    drive(run.pk)
    fake.CLOUD.calibration = "b"
    poll.observe("scripted")
    decide(world, run)
    drive(run.pk)
    assert not Submission.objects.exists()
    assert "1 run went back to its approval: aster was calibrated again since." in one(world.ines)
    assert "went back" not in one(world.zoe), "nor is another team's run counted"


def test_an_operator_holds_and_closes_with_a_reason(world: World) -> None:
    page = one(world.omar)
    assert "By hand" in page and "Aster: passing" in page
    assert act(world.omar)[0] == 302
    page = one(world.omar)
    assert "Not now. An operator holds back what would go to aster." in page
    assert "Closed to held" in page and "aster: announced maintenance (Omar)." in page
    run = approved(world, backend="aster")
    assert "an operator holds back what would go to aster" in stage_of(run).why
    needs = text(world.omar, "/")
    assert "One breaker needs a person." in needs
    assert "An operator holds back what would go to aster. Close it once that is over" in needs
    assert "holds back" not in text(world.ines, "/").split("Moving")[0]
    status, page = act(world.omar, verb="close", seen="0", why="over")
    assert status == 409 and "It has moved meanwhile. Read it again." in page
    assert act(world.omar, verb="close", seen="1", why="over")[0] == 302
    assert stage_of(run).state == "ready", "who waited is called at once"
    assert "breaker needs" not in text(world.omar, "/")
    told = AuditEvent.objects.filter(action__startswith="breaker.").order_by("id")
    assert [row.action for row in told] == ["breaker.held", "breaker.closed"]
    assert Payload.objects.filter(text="announced maintenance").exists()
    assert "announced" not in told[0].body


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [({"why": " "}, 422, "Say why"), ({"backend": "nowhere"}, 422, "No such backend has been seen here."),
     ({"verb": "close"}, 409, "It is closed already."), ({"seen": "7"}, 409, "It has moved meanwhile."),
     ({"provider": "nobody"}, 404, "")],
)  # fmt: skip
def test_a_form_that_cannot_be_is_refused_and_changes_nothing(
    world: World, changes: dict[str, str], status: int, words: str
) -> None:
    answered, page = act(world.omar, **changes)
    assert answered == status
    assert words in page
    assert not BreakerMove.objects.exists()


@pytest.mark.parametrize("who", ["ines", "mikkel", "aud", "zoe"])
def test_only_who_operates_moves_a_breaker(world: World, who: str) -> None:
    assert act(world.people[who])[0] == 404
    assert not Breaker.objects.exists()


def test_it_asks_for_a_second_factor(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SECOND_FACTOR_REQUIRED", True)
    assert act(world.omar)[0] == 403
    code_of(world.omar)
    assert act(world.omar)[0] == 302


def test_who_keeps_failing_is_a_matter_for_a_person(world: World) -> None:
    fault()
    assert "breaker needs" not in text(world.omar, "/")
    Breaker.objects.update(openings=3)
    page = text(world.omar, "/")
    assert "One breaker needs a person." in page
    assert "It opened 3 times in a row. Ask the vendor, or hold it until they have answered." in page


def test_the_queues_say_what_is_left_alone(world: World) -> None:
    fault()
    page = text(world.omar, "/queues/")
    assert "Nobody waits. Aster is left alone for now, 3 of the last 3 jobs failed there." in page
    fault(backend="kelvin")
    assert "One other breaker is not closed either." in text(world.omar, "/queues/")


def test_parts_are_the_page_in_pieces(world: World) -> None:
    for path in ("/backends/?part=answer", "/backends/?part=list", f"/backends/{number()}/?part=now",
                 f"/backends/{number()}/?part=past", "/queues/?part=answer", "/queues/?part=line", "/queues/?part=there"):  # fmt: skip
        body = browser(world.omar).get(path).content.decode()
        assert 'data-watch="queues:0"' in body.split(">")[0], path
        assert "<html" not in body
    assert "<html" in browser(world.omar).get("/backends/?part=../../base").content.decode()


def test_who_goes_takes_name_and_words_along(world: World) -> None:
    act(world.omar)
    leaving.deactivate(user=world.omar, why="left", actor=SYSTEM)
    world.omar.refresh_from_db()
    erasing.erase_person(user=world.omar, actor=SYSTEM, why="asked")
    row = BreakerMove.objects.get()
    assert (row.by, row.why) == (f"erased person {world.omar.pk}", "(erased)")
    assert Breaker.objects.get().state == "held"
