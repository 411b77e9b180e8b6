"""A vendor fails and recovers, before an operator's eyes: the real client against the stage, in a real browser."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from hybridops.backends.models import Breaker, Listing
from hybridops.config.asgi import application
from hybridops.domain import clock
from hybridops.domain.states import BreakerState, StageState
from hybridops.engine import ladder, poll, vendors, wiring
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments import turns
from hybridops.experiments.models import Run
from hybridops.providers.fakecloud import faults
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.teams.models import User
from tests.e2e.conftest import Desk
from tests.engine.fake import Fake
from tests.engine.test_run import decide
from tests.engine.test_vendors import configure, encode
from tests.engine.turning import stage_of
from tests.providers.stage import PUBLIC, stage
from tests.realdb import RealDatabase
from tests.world import World, submit

SIMULATOR, FORTE = "simulator", "qpu.forte-1"
LIVE_MS = 20_000


@pytest.fixture(autouse=True)
def _beside_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright has a loop of its own in this thread


@pytest.fixture
def cloud(real: RealDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """IonQ as it is played there, as the one provider of the world, with two backends."""
    pytest.importorskip("httpx", reason="httpx is not installed: pip install -r requirements/dev.txt")
    monkeypatch.setitem(Fake.steps, "encode", encode)  # type: ignore[arg-type]
    with stage(tmp_path, ionq=PUBLIC) as made:
        there = {"endpoint": f"{made.url}/ionq/v0.4", "backends": [SIMULATOR, FORTE]}
        configure(
            monkeypatch, tmp_path, "hybridops.providers.ionq:IonQ", region="here", secret="scripted", **there
        )
        Listing.objects.all().delete()
        poll.observe("scripted")
        yield made
    vendors.secrets.cache_clear()
    wiring.provider.cache_clear()


@pytest.fixture
def house(real: RealDatabase) -> Iterator[str]:
    """The whole application on a port of its own, in a thread: it shares the test's database."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def seated(chromium: Browser, house: str, user: User) -> Page:
    """A page of somebody who is signed in."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context = chromium.new_context(base_url=house)
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": house}])
    return context.new_page()


def asked(world: World, backend: str = SIMULATOR) -> Run:
    """A run that waits for its approval."""
    run = submit(world, parameters={"rounds": 1}, backend=backend)
    drive(run.pk)
    return run


def home(cloud: Cloud, run: Run) -> Run:
    """The vendor works and the pollers ask, until nothing more comes."""
    for _ in range(8):
        drive(run.pk)
        cloud.clock.advance(600.0)
        ask_providers(run.pk)
    return Run.objects.get(pk=run.pk)


def sweep() -> None:
    ladder.climb()
    turns.step()


def sent_to(run: Run) -> list[tuple[str, str]]:
    return [(row.backend, row.state) for row in run.submissions.order_by("ordinal")]


def row_of(page: Page, backend: str) -> object:
    return page.locator("#backends tr").filter(has=page.get_by_role("link", name=backend, exact=True))


def test_a_vendor_fails_the_breaker_opens_runs_go_elsewhere_and_it_closes(
    real: RealDatabase, cloud: Cloud, house: str, chromium: Browser
) -> None:
    world = real.world
    omar, ines = seated(chromium, house, world.omar), seated(chromium, house, world.ines)
    omar.goto("/backends/")
    expect(omar.locator("#answer")).to_contain_text("One other is open as well.")
    expect(row_of(omar, SIMULATOR)).to_contain_text("Passing")

    waiting, nowhere = asked(world), asked(world)
    cloud.script.add(
        faults.Fault(faults.FAILS, "ionq.create", key=f'"{SIMULATOR}"', times=9, code="InternalError")
    )
    for _ in range(3):
        run = asked(world)
        decide(world, run)
        assert home(cloud, run).outcome == "accepted"
        assert sent_to(run) == [(SIMULATOR, "failed"), (FORTE, "retrieved")]

    omar.reload()
    expect(row_of(omar, SIMULATOR)).to_contain_text("Left alone")
    expect(row_of(omar, SIMULATOR)).to_contain_text("0 of 3 sound")
    expect(omar.locator("#answer")).to_contain_text(f"Yes, to {FORTE}")
    expect(omar.locator("#answer")).to_contain_text("simulator is left alone for now.")

    decide(world, waiting)
    drive(waiting.pk)
    assert stage_of(waiting).state == StageState.HELD
    ines.goto(f"/runs/{waiting.pk}/")
    expect(ines.locator("#run")).to_contain_text(
        "simulator is left alone for now, 3 of the last 3 jobs failed there"
    )
    omar.goto("/queues/")
    expect(omar.locator("#line")).to_contain_text("For simulator: simulator is left alone for now")
    expect(omar.locator("#line")).to_contain_text("Not before")
    sweep()
    assert home(cloud, waiting).outcome == "accepted"
    assert sent_to(waiting) == [(FORTE, "retrieved")]
    ines.reload()
    expect(ines.locator("#run")).to_contain_text(
        "as nothing goes to simulator for now, it may go to qpu.forte-1 too"
    )

    cloud.script.clear()  # the vendor has mended it, and the time of the breaker is over
    Breaker.objects.update(until=(clock.now() - timedelta(seconds=1)).timestamp())
    omar.goto("/backends/")
    expect(row_of(omar, SIMULATOR)).to_contain_text("One trial")
    decide(world, nowhere)
    drive(nowhere.pk)
    assert Breaker.objects.get().state == BreakerState.HALF_OPEN
    omar.reload()
    expect(omar.locator("#backends")).to_contain_text("Simulator is on trial with one job")
    assert home(cloud, nowhere).outcome == "accepted"
    assert sent_to(nowhere) == [(SIMULATOR, "retrieved")]
    omar.get_by_role("link", name=SIMULATOR, exact=True).click()
    expect(omar.locator("#answer")).to_contain_text("Yes.")
    for words in ("Closed to open", "Open to half open", "Half open to closed"):
        expect(omar.locator("#moves")).to_contain_text(words)
    assert len(cloud.jobs.all("ionq")) == 8, "three that failed and five that came back, none twice"
    for page in (omar, ines):
        page.context.close()


def test_a_page_of_backends_moves_by_itself_when_somebody_holds_one(desk: Desk) -> None:
    """In the demo, with its broker: what one operator does, another reads without touching anything."""
    reader, omar = desk("ines"), desk("omar")
    reader.goto("/backends/")
    expect(reader.locator("[role=status].live")).to_have_attribute("data-state", "live")
    name = reader.locator("#backends tbody th a").last.inner_text()
    gone: list[str] = []
    reader.on("framenavigated", lambda frame: gone.append(frame.url))
    omar.goto("/backends/")
    omar.get_by_role("link", name=name, exact=True).click()
    form = omar.locator("#breaker details").first
    form.locator("summary").click()
    form.get_by_label("Why").fill("announced maintenance")
    form.get_by_role("button", name="Hold").click()
    expect(omar.locator(".flash")).to_contain_text("nothing is sent there until you close it")
    expect(row_of(reader, name)).to_contain_text("Held", timeout=LIVE_MS)
    omar.goto("/")
    expect(omar.locator("#needs")).to_contain_text(
        f"an operator holds back what would go to {name}".capitalize()
    )
    omar.locator("#needs").get_by_role("link", name=name, exact=True).click()
    expect(omar.locator("#moves")).to_contain_text("announced maintenance (Omar Ruiz)")
    form = omar.locator("#breaker details").first
    form.locator("summary").click()
    form.get_by_label("Why").fill("over")
    form.get_by_role("button", name="Close the breaker").click()
    expect(omar.locator(".flash")).to_contain_text("everything passes again")
    expect(row_of(reader, name)).to_contain_text(re.compile("Open|Passing"), timeout=LIVE_MS)
    assert gone == []
