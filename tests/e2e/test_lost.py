"""A page whose connection goes away says so, and is right by itself once it is back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.chromium import Watch, moved, prove
from tests.e2e.conftest import Desk
from tests.e2e.site import Site
from tests.e2e.test_journey import RUN_MS, journeys

BACK_MS = 30_000  # the web process starts again, and a page waits up to fifteen seconds between two tries


def badge(page: Page, state: str, timeout: float = BACK_MS) -> None:
    expect(page.locator("[role=status].live")).to_have_attribute("data-state", state, timeout=timeout)


def decide(page: Page, run: str, choice: str, reason: str) -> None:
    page.goto(run)
    page.get_by_role("link", name="Decide").first.click()
    page.get_by_role("radio", name=choice).check()
    page.get_by_label("Reason").fill(reason)
    prove(page)
    page.get_by_role("button", name=re.compile("^Decide")).click()
    expect(page.locator(".flash")).to_be_visible()


def test_a_page_survives_the_death_of_the_site(desk: Desk, site: Site, watch: Watch) -> None:
    ines = desk("ines")
    ines.goto(site.run("lost"))
    gone = journeys(ines)
    badge(ines, "live")
    watch.away = True
    site.kill("web")
    badge(ines, "catching")
    badge(ines, "live")
    watch.away = False
    assert gone == []


def test_a_page_that_was_cut_off_catches_up_by_itself(desk: Desk, site: Site, watch: Watch) -> None:
    """It is cut off while the run waits, the decision falls meanwhile, and the run ends without it."""
    ines = desk("ines", width=390, height=844)
    ines.goto(site.run("lost"))
    gone = journeys(ines)
    badge(ines, "live")
    watch.away = True
    ines.context.set_offline(True)
    site.kill("web")  # an open socket outlives the switch to offline
    badge(ines, "snapshot")
    expect(ines.locator(".live .txt")).to_have_text(re.compile(r"^Snapshot of \d\d:\d\d:\d\d$"))
    decide(desk("ada"), site.run("lost"), "Approve as asked", "Once is enough to see it.")
    expect(ines.locator("#run .title .st")).to_have_text("Waiting for approval")
    ines.context.set_offline(False)
    expect(ines.locator("#run:not([data-watch])")).to_have_count(1, timeout=RUN_MS)
    watch.away = False
    expect(ines.locator("#run .title .st")).to_have_text(re.compile("^(Accepted|Not accepted)$"))
    assert gone == []
    assert moved(ines) == []


def test_updates_can_be_held_and_taken(desk: Desk, site: Site) -> None:
    """WCAG 2.2.2, by the button and by its key."""
    ines = desk("ines")
    ines.goto(site.run("held"))
    badge(ines, "live")
    ines.get_by_role("button", name="Pause live updates").click()
    badge(ines, "paused")
    decide(desk("noor"), site.run("held"), "Reject", "Asked last week already.")
    expect(ines.locator(".live .txt")).to_contain_text("held")
    expect(ines.locator("#run .title .st")).to_have_text("Waiting for approval")
    ines.locator("#main").focus()
    ines.keyboard.press("p")
    expect(ines.locator("#run .title .st")).not_to_have_text("Waiting for approval", timeout=RUN_MS)


def test_the_inbox_and_its_count_follow_by_themselves(desk: Desk, site: Site) -> None:
    mikkel = desk("mikkel")
    mikkel.goto("/approvals/")
    badge(mikkel, "live")
    row = mikkel.locator("#inbox section").first.get_by_role("link", name="Wave 11, taken")
    expect(row).to_be_visible()
    decide(desk("ada"), site.run("taken"), "Reject", "Asked last week already.")
    expect(row).to_have_count(0, timeout=RUN_MS)
    shown = mikkel.locator("#inbox section").first.locator(".row").count()
    expect(mikkel.locator(".rail a[data-go=person] .count")).to_have_text(re.compile(rf"^{shown}\b"))
