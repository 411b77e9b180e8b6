"""What people write is text in a real browser as well: markup in a file's name runs nowhere it is shown."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Desk
from tests.e2e.test_journey import submitted, upload, vrp

HOSTILE = "<img src=x onerror=alert(document.domain)><script>alert(1)</script>"


def test_markup_in_a_name_is_shown_and_does_not_run(desk: Desk, tmp_path: Path) -> None:
    """`desk` fails on anything thrown, refused by the policy or asked of another address."""
    file = tmp_path / f"{HOSTILE.replace('/', '∕')}.vrp"  # a name cannot hold a slash
    file.write_text(vrp().replace("harbour-12", HOSTILE))
    ines, mikkel = desk("ines"), desk("mikkel")
    said: list[str] = []
    for page in (ines, mikkel):
        page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())  # type: ignore[func-returns-value]
    upload(ines, file)
    number = submitted(ines)
    for page, path in (
        (ines, f"/runs/{number}/"), (ines, "/"), (ines, "/runs/"), (ines, "/data/"), (mikkel, "/approvals/"), (mikkel, "/runs/?q=img"),
    ):  # fmt: skip
        looked_at(page, path)
    assert said == []


def looked_at(page: Page, path: str) -> None:
    page.goto(path, wait_until="networkidle")
    expect(page.get_by_text("<img src=x onerror").first).to_be_attached()
    assert page.locator("img[src=x]").count() == 0
