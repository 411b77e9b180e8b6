"""What people write is text in a real browser as well: markup in a file's name runs nowhere it is shown."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Desk
from tests.e2e.fits import sideways, squeezed
from tests.e2e.test_journey import RUN_MS, submitted, upload, vrp

HOSTILE = (
    "<img src=x onerror=alert(document.domain)><script>alert(1)</script>Wiederholungsladungsträgerflotte"
)
WIDTHS = (1280, 390, 320)


def test_markup_in_a_name_is_shown_and_does_not_run(desk: Desk, tmp_path: Path) -> None:
    """`desk` fails on anything thrown, refused by the policy or asked of another address."""
    file = tmp_path / f"{HOSTILE.replace('/', '∕')}.vrp"  # a name cannot hold a slash
    file.write_text(vrp().replace("harbour-12", HOSTILE))
    ines, mikkel, farah = desk("ines"), desk("mikkel"), desk("farah")
    said: list[str] = []
    for page in (ines, mikkel, farah):
        page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())  # type: ignore[func-returns-value]
    upload(ines, file)
    number = submitted(ines)
    request = (
        ines.locator("#main").get_by_role("link", name="A-").first.get_attribute("href", timeout=RUN_MS) or ""
    )
    wrong = [
        one
        for page, path in (
            (ines, f"/runs/{number}/"), (ines, "/"), (ines, "/runs/"), (ines, "/data/"),
            (mikkel, "/approvals/"), (mikkel, "/runs/?q=img"), (mikkel, request),
            (farah, "/cost/budgets/"),
        )
        for one in looked_at(page, path)
    ]  # fmt: skip
    assert (said, wrong) == ([], [])


def looked_at(page: Page, path: str) -> list[str]:
    """What does not fit at some width: such a name is one long word as well."""
    page.goto(path, wait_until="networkidle")
    expect(page.get_by_text("<img src=x onerror").first).to_be_attached()
    assert page.locator("img[src=x]").count() == 0
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        wrong += [f"{path} at {width}: {one}" for one in sideways(page) + squeezed(page)]
    return wrong
