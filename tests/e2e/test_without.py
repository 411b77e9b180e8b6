"""Without a mouse, and without scripts: everything that spends, decides or is read still works."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.chromium import prove
from tests.e2e.conftest import Desk
from tests.e2e.site import Site
from tests.e2e.test_journey import RUN_MS, SUBMIT

TABS_MAX = 80


def tab_to(page: Page, what: str) -> None:
    """Presses Tab until the focus is on what the selector names, and sees that it is marked and in the window."""
    wanted = page.locator(what).first
    wanted.wait_for()
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if wanted.evaluate("(e) => e === document.activeElement"):
            break
    expect(wanted).to_be_focused()
    expect(wanted).to_be_in_viewport()
    ring = wanted.evaluate(
        "(e) => [e, e.closest('.pick')].some((o) => o && getComputedStyle(o).outlineStyle !== 'none')"
    )
    assert ring, f"nothing shows that {what} has the focus"


def test_signing_in_submitting_and_approving_by_keyboard(desk: Desk, site: Site) -> None:
    ines = desk("")
    ines.goto("/sign-in/?next=/workflows/")
    tab_to(ines, "#id_login")
    ines.keyboard.type("ines")
    tab_to(ines, "#id_password")
    ines.keyboard.type("rehearse-with-me")
    ines.keyboard.press("Enter")
    ines.get_by_role("heading", level=1, name="Workflows").wait_for()
    ines.keyboard.press("Tab")
    expect(ines.get_by_role("link", name="Skip to content")).to_be_focused()
    ines.keyboard.press("Enter")
    tab_to(ines, f"#main a[href='{SUBMIT}']")
    ines.keyboard.press("Enter")
    ines.wait_for_url(f"**{SUBMIT}")
    price = ines.locator("#preview .price")
    tab_to(ines, "input[name=backend]:checked")
    first = price.inner_text()
    while ines.locator("input[name=backend]:checked").get_attribute("value") != "heron-torino":
        ines.keyboard.press("ArrowDown")
        ines.wait_for_timeout(600)  # the choice is swapped with its preview; the focus stays on it
    expect(price).not_to_have_text(first)
    tab_to(ines, "#id_p_shots")
    ines.keyboard.press("Home")
    tab_to(ines, "#id_priority_class")
    ines.keyboard.type("Research")
    tab_to(ines, "#id_cost_max")
    ines.keyboard.press("Control+a")
    ines.keyboard.type("20")
    tab_to(ines, "#id_anyway")
    ines.keyboard.type("To see the whole way")
    expect(ines.locator("#preview .btn.big")).to_have_text("Ask for approval")
    expect(ines.locator("#preview .btn.big")).to_be_enabled()
    ines.keyboard.press("Control+Enter")
    ines.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(ines.locator("#run .title .st")).to_have_text("Waiting for approval", timeout=RUN_MS)
    _approved_by_keyboard(desk("mikkel"), site.run("by-keys"))


def _approved_by_keyboard(mikkel: Page, run: str) -> None:
    mikkel.goto("/")
    mikkel.keyboard.press("g")
    mikkel.keyboard.press("a")
    mikkel.wait_for_url("**/approvals/")
    title = mikkel.locator("#inbox section").first.get_by_role("link", name="Wave 11, by keys")
    for _ in range(mikkel.locator("#inbox .row").count()):
        mikkel.keyboard.press("j")
        if title.evaluate("(e) => e === document.activeElement"):
            break
    expect(title).to_be_focused()
    mikkel.keyboard.press("Enter")
    mikkel.wait_for_url(re.compile(r"/approvals/\d+/$"))
    tab_to(mikkel, "#d-approve")
    mikkel.keyboard.press("Space")
    expect(mikkel.locator("#d-approve")).to_be_checked()
    tab_to(mikkel, "#id_code")
    mikkel.keyboard.type(mikkel.locator("#demo-code b").inner_text())
    tab_to(mikkel, "#decide .btn.big")
    mikkel.keyboard.press("Enter")
    expect(mikkel.locator(".flash")).to_contain_text("You approved")
    mikkel.goto(run)
    expect(mikkel.locator("#run .title .st")).not_to_have_text(re.compile("Waiting"))


def test_the_list_of_keys_opens_closes_and_switches_them_off(desk: Desk) -> None:
    ines = desk("ines")
    ines.goto("/")
    ines.keyboard.press("?")
    expect(ines.get_by_role("dialog")).to_be_visible()
    tab_to(ines, "[data-keys-off]")
    ines.keyboard.press("Space")
    ines.keyboard.press("Escape")
    expect(ines.get_by_role("dialog")).to_be_hidden()
    ines.keyboard.press("g")
    ines.keyboard.press("r")
    expect(ines).to_have_url(re.compile("/$"))
    assert ines.get_by_role("heading", level=1).inner_text() == "Today"


def test_no_single_key_spends_decides_or_cancels(desk: Desk, site: Site) -> None:
    mikkel = desk("mikkel")
    for path in (site.run("shown"), "/approvals/"):
        mikkel.goto(path)
        sent: list[str] = []
        mikkel.on(
            "request",
            lambda request, sent=sent: sent.append(request.url) if request.method == "POST" else None,
        )
        for key in "abcdefghilmoqsuvwxyz.0123456789":
            mikkel.keyboard.press(key)
        assert sent == []


def test_reading_without_scripts(desk: Desk, site: Site) -> None:
    ines = desk("ines", script=False)
    ines.goto("/runs/")
    every = ines.locator("ul.rows > .row").count()
    ines.get_by_role("searchbox").fill("R-1")
    ines.get_by_role("button", name="Filter").click()
    ines.get_by_role("link", name="Clear filter").wait_for()
    ines.wait_for_load_state()
    assert 0 < ines.locator("ul.rows > .row").count() < every
    ines.get_by_role("link", name="Clear filter").click()
    tab = ines.get_by_role("link", name=re.compile(r"^Degraded"))
    tab.click()
    expect(tab).to_have_attribute("aria-current", "page")
    ines.wait_for_load_state()
    assert 0 < ines.locator("ul.rows > .row").count() < every

    ines.goto(site.run("accepted"))
    shown = ines.locator("#arms details[data-table]")
    shown.locator("summary").click()
    expect(shown.get_by_role("table")).to_be_visible()
    for link in ("Table", "True time", "After repair"):
        ines.get_by_role("link", name=link, exact=True).click()
        expect(ines.get_by_role("link", name=link, exact=True)).to_have_attribute("aria-current", "true")
    expect(ines.locator(".js-only:visible")).to_have_count(0)
    expect(ines.locator("[role=status].live")).to_be_hidden()


def test_submitting_approving_and_cancelling_without_scripts(desk: Desk, site: Site) -> None:
    ines = desk("ines", script=False)
    ines.goto(SUBMIT)
    price = ines.locator("#preview .price").inner_text()
    ines.get_by_role("radio", name=re.compile("heron-torino")).check()
    ines.get_by_role("button", name="Update preview").click()
    expect(ines.locator("#preview .price")).not_to_have_text(price)
    expect(ines.get_by_role("radio", name=re.compile("heron-torino"))).to_be_checked()
    ines.get_by_label("Spend at most on the QPU").fill("20")
    ines.get_by_role("button", name="Update preview").click()
    expect(ines.locator("#preview .btn.big")).to_have_text("Ask for approval")
    ines.locator("#preview .btn.big").click()
    expect(ines).to_have_url(re.compile(r"/runs/\d+/$"))
    ines.get_by_role("link", name="Cancel run…").click()
    expect(ines.locator("#answer")).to_be_visible()
    ines.get_by_role("button", name=re.compile("^Cancel R-")).click()
    expect(ines.locator("#run .title .st")).to_have_text(re.compile("^Cancel"))

    ada = desk("ada", script=False)
    ada.goto(site.run("without-js"))
    ada.get_by_role("link", name="Decide").first.click()
    ada.get_by_role("radio", name="Reject").check()
    ada.locator("#decide .btn.big").click()
    expect(ada.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    expect(ada.get_by_role("radio", name="Reject")).to_be_checked()
    ada.get_by_role("radio", name="Approve as asked").check()
    prove(ada)
    ada.locator("#decide .btn.big").click()
    expect(ada.locator(".flash")).to_contain_text("You approved")


def test_the_chosen_scheme_stays_with_and_without_scripts(desk: Desk) -> None:
    for script in (False, True):
        ines = desk("ines", script=script)
        ines.goto("/runs/?mine=1")
        ines.locator(".rail").get_by_role("button", name="Dark").click()
        expect(ines).to_have_url(re.compile(r"/runs/\?mine=1$"))
        expect(ines.locator("html")).to_have_attribute("data-theme", "dark")
        ines.reload()
        expect(ines.locator("html")).to_have_attribute("data-theme", "dark")
        expect(ines.locator(".rail").get_by_role("button", name="Dark")).to_have_attribute(
            "aria-pressed", "true"
        )
