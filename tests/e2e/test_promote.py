"""A definition from a script to its signature, with the person who wrote it and the one who reads it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.chromium import prove
from tests.e2e.conftest import Desk
from tests.e2e.fits import sideways, squeezed
from tests.e2e.test_journey import RUN_MS
from tests.e2e.test_pages import ALL_RULES, axe, violations

SCRIPT = """HYBRIDOPS = {
    "name": "routing",
    "based_on": "routing",
    "title": "Vehicle routing, tighter",
    "parameters": {"shots": {"high": 2048}},
}
"""


def test_a_script_is_tried_reviewed_signed_and_offered(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "tighter.py"
    file.write_text(SCRIPT)
    ines = desk("ines")
    _proposed(ines, file)
    ines.get_by_role("button", name="Try it on the simulator").click()
    _tried(ines)
    ines.get_by_role("button", name="Ask for a review").click()
    expect(ines.locator(".title .st")).to_have_text("Waiting for a review")

    mikkel = desk("mikkel")
    _signed(mikkel, ines.url)
    mikkel.goto("/definitions/")
    row = mikkel.get_by_role("row", name=re.compile("^routing version 2"))
    expect(row).to_contain_text("In force")
    expect(row).to_contain_text("Inês Duarte, approved by Mikkel Holm")
    ines.goto("/workflows/")
    expect(ines.locator("#main")).to_contain_text("Vehicle routing, tighter")
    ines.goto("/workflows/routing/submit/")
    expect(ines.get_by_role("slider", name="Shots")).to_have_attribute("max", "2048")


def _proposed(ines: Page, file: Path) -> None:
    ines.goto("/definitions/")
    ines.get_by_label("Notebook or script").set_input_files(file)
    ines.get_by_role("button", name="Make a draft").click()
    ines.wait_for_url(re.compile(r"/definitions/\d+/$"))
    expect(ines.get_by_role("region", name="What changes")).to_contain_text("2048")
    expect(ines.get_by_role("button", name="Ask for a review")).to_be_disabled()


def _tried(ines: Page) -> None:
    """Looks again until a worker has been through it."""
    panel, end = ines.locator("#trial"), RUN_MS
    while "A worker tries" in panel.inner_text() and end > 0:
        ines.wait_for_timeout(1000)
        end -= 1000
        ines.reload()
    expect(panel).to_contain_text("It went the whole way")


def _signed(mikkel: Page, address: str) -> None:
    """Read at the width of a phone, then signed."""
    mikkel.goto(address)
    mikkel.evaluate(axe())
    assert violations(mikkel, ALL_RULES) == []
    mikkel.set_viewport_size({"width": 390, "height": 844})
    assert [*sideways(mikkel), *squeezed(mikkel)] == []
    assert mikkel.locator("#review input[type=radio]:checked").count() == 0
    mikkel.get_by_role("radio", name="Approve and sign").check()
    prove(mikkel)
    mikkel.get_by_role("button", name="Sign my review").click()
    expect(mikkel.locator(".flash")).to_contain_text("Your review is signed")
