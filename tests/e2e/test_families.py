"""Every shipped workflow from its installed data to a scored answer with its own picture, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Desk

RUN_MS = 120_000  # what a real run may take on a busy machine
FAMILIES = {
    "molecules": ("H₂ at 0.735", "The energy"),
    "kernels": ("Iris", "The kernel matrix"),
    "maxcut": ("Zachary", "The two sides"),
    "portfolio": ("stocks", "Risk and return"),
    "circuits": ("GHZ", "The outcomes"),
}
# As many shots as the policy lets pass without a person.
FEWER = {
    "kernels": {"Shots of each circuit": "64", "Circuits at most": "60"},
    "molecules": {"Shots of each circuit": "256"},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_from_installed_data_to_its_picture(desk: Desk, name: str) -> None:
    """Research, with its reason: at these sizes the control says that no QPU is needed."""
    page, (data, heading) = desk("ines"), FAMILIES[name]
    page.goto(f"/workflows/{name}/submit/")
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile(f"Take .*{data}")).first.click()
    for field, value in FEWER.get(name, {}).items():
        page.get_by_label(field).fill(value)
    page.get_by_role("radio", name=re.compile("^ideal")).check()
    page.get_by_label("Priority class").select_option("research")
    page.get_by_label("Use a QPU even where it is not needed").fill("To see the whole way")
    page.locator("#preview .panel").get_by_role(
        "button", name=re.compile("Start now|Ask for approval")
    ).click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#run .title .st")).to_have_text(
        re.compile("^(Accepted|Not accepted)$"), timeout=RUN_MS
    )
    expect(page.locator("#run")).to_contain_text(heading)
    expect(page.locator("#needed")).to_contain_text("Used anyway, as research may")
    expect(page.locator("#picture")).to_be_visible()


def test_the_guide_tells_what_reads_a_file(desk: Desk) -> None:
    page = desk("ines")
    page.goto("/workflows/guide/")
    page.get_by_label("File").set_input_files(
        {
            "name": "bell.qasm",
            "mimeType": "text/plain",
            "buffer": b"OPENQASM 2.0;\nqreg q[2];\nU(0,0,0) q[0];\nCX q[0],q[1];\n",
        }
    )
    page.get_by_role("button", name="Look at it").click()
    expect(page.locator("#answer")).to_contain_text("Circuit sampling reads it.")
    expect(page.locator("main")).to_contain_text("cannot read it")
