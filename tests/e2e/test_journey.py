"""One run from a file to its proof, with every person at their own desk; and where the rules say no."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chromium import Watch, moved, prove
from tests.e2e.conftest import Desk
from tests.e2e.site import ROOT, Site

LIBRARY = ROOT.parent / "shared" / "data" / "cvrp" / "E-n22-k4.vrp"
SUBMIT = "/workflows/routing/submit/"
RUN_MS = 60_000  # what a real run may take on a busy machine
PLACES = (
    (10, 4),
    (3, 17),
    (22, 9),
    (14, 25),
    (30, 2),
    (27, 21),
    (6, 30),
    (18, 13),
    (35, 28),
    (2, 8),
    (25, 33),
    (12, 19),
)


def vrp(capacity: str = "12") -> str:
    """A delivery round of our own as VRPLIB text."""
    rows = list(enumerate(PLACES, start=1))
    return "\n".join(
        [
            "NAME : harbour-12",
            "TYPE : CVRP",
            f"DIMENSION : {len(PLACES)}",
            "EDGE_WEIGHT_TYPE : EUC_2D",
            f"CAPACITY : {capacity}",
            "NODE_COORD_SECTION",
            *(f"{n} {x} {y}" for n, (x, y) in rows),
            "DEMAND_SECTION",
            *(f"{n} {0 if n == 1 else 2 + n % 3}" for n, _ in rows),
            "DEPOT_SECTION",
            "1",
            "-1",
            "EOF",
            "",
        ]
    )


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    """A well-known instance where the library of data stands beside the checkout, else one of our own."""
    if LIBRARY.is_file():
        return LIBRARY
    file = tmp_path / "harbour-12.vrp"
    file.write_text(vrp())
    return file


def journeys(page: Page) -> list[str]:
    """Every page this one goes to from now on; a fragment is not one."""
    seen: list[str] = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    return seen


def state_of(page: Page) -> object:
    return page.locator("#run .title .st")


def upload(page: Page, file: Path) -> None:
    page.goto(SUBMIT)
    page.locator("#add-data > summary").click()
    page.get_by_label("File").set_input_files(file)
    with page.expect_navigation():
        page.get_by_role("button", name="Check and add the file").click()


def test_a_run_from_a_file_to_its_proof(desk: Desk, problem: Path) -> None:
    ines = desk("ines")
    upload(ines, problem)
    expect(ines).to_have_url(re.compile(r"snapshot=\d+"))
    number = submitted(ines)
    gone = journeys(ines)
    expect(state_of(ines)).to_have_text("Waiting for approval", timeout=RUN_MS)
    expect(ines.locator("[role=status].live")).to_have_attribute("data-state", "live")
    assert gone == []

    _approved_with_limits(desk("mikkel"), problem.stem)
    expect(ines.locator("#run:not([data-watch])")).to_have_count(1, timeout=RUN_MS)
    expect(state_of(ines)).to_have_text(re.compile("^(Accepted|Not accepted)$"))
    expect(ines.locator("#answer")).to_contain_text("by the signed rule")
    expect(ines.locator("#run")).to_contain_text("256 of 256")
    expect(ines.locator("[role=status].live")).to_be_hidden()
    assert gone == []
    assert moved(ines) == []

    _found_behind_the_headline(desk("farah"), number)
    _verified(desk("astrid"), number)


def submitted(ines: Page) -> int:
    """Changes the form under her eyes, then sends it."""
    gone = journeys(ines)
    price = ines.locator("#preview .price")
    first = price.inner_text()
    ines.get_by_role("radio", name=re.compile("heron-torino")).check()
    expect(price).not_to_have_text(first)
    second = price.inner_text()
    ines.get_by_role("slider", name="Shots").fill("1024")
    expect(price).not_to_have_text(second)
    expect(ines.locator("output[for=id_p_shots]")).to_have_text("1\u202f024")
    ines.get_by_label("Seconds for the best classical").fill("0.5")
    ines.get_by_label("Spend at most on the QPU").fill("20")
    ines.get_by_label("What it is for").fill("Fewer kilometres on the morning round")
    ines.get_by_label("Priority class").select_option("research")
    ines.get_by_label("Use a QPU even where it is not needed").fill("To see the whole way")
    button = ines.locator("#preview .panel").get_by_role("button", name="Ask for approval")
    button.wait_for()
    assert gone == []
    button.click()
    ines.wait_for_url(re.compile(r"/runs/\d+/$"))
    return int(ines.url.rstrip("/").rpartition("/")[2])


def _approved_with_limits(mikkel: Page, title: str) -> None:
    mikkel.goto("/approvals/")
    panel = mikkel.locator("#inbox section").first
    badge = mikkel.locator(".rail a[data-go=person] .count")
    assert (
        badge.inner_text().split()[0]
        == str(panel.locator(".row").count())
        == panel.locator("header p").inner_text()
    )
    panel.get_by_role("link", name=title).click()
    expect(mikkel.locator("#answer")).to_contain_text("Inês Duarte wants to spend up to")
    assert mikkel.locator("#decide input[type=radio]:checked").count() == 0
    mikkel.get_by_role("radio", name="Approve with limits").check()
    mikkel.get_by_label("Shots at most").fill("256")
    mikkel.get_by_label("Reason").fill("A quarter of the shots is enough to see it.")
    prove(mikkel)
    mikkel.get_by_role("button", name=re.compile("Decide ?: approve with limits")).click()
    expect(mikkel.locator(".flash")).to_contain_text("You approved")


def _found_behind_the_headline(farah: Page, number: int) -> None:
    """From the sum to the runs by clicks alone."""
    farah.goto("/")
    farah.get_by_role("link", name="Cost", exact=True).first.click()
    expect(farah.locator("#answer")).to_contain_text("$")
    farah.get_by_role("region", name="Cost by project").get_by_role("link", name="Car-share Montréal").click()
    farah.locator("#runs").get_by_role("link", name=f"R-{number}", exact=True).click()
    expect(farah).to_have_url(re.compile(f"/runs/{number}/$"))
    expect(farah.locator("#run")).to_contain_text("In all")
    assert farah.get_by_role("link", name="Cancel run…").count() == 0


def _verified(astrid: Page, number: int) -> None:
    astrid.goto("/audit/")
    astrid.get_by_role("button", name=re.compile("^Verify")).click()
    told = re.compile(r"^\s*\d+ events recomputed, \d+ of them under signed roots")
    expect(astrid.locator(".verify .note-line")).to_contain_text(told, timeout=20_000)
    steps = astrid.locator(".verify .proof li")
    assert steps.count() == steps.filter(has_text="holds").count() > 3
    astrid.goto(f"/audit/?q=run%3A{number}")
    assert astrid.locator("table.events tbody tr").count() > 5
    astrid.locator("table.events tbody th a").last.click()
    expect(astrid.locator(".proof")).to_be_visible()


def test_a_bad_file_is_said_with_its_line_beside_the_field(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "bad.vrp"
    file.write_text(vrp(capacity="a lot"))
    ines = desk("ines")
    ines.goto(SUBMIT)
    before = ines.locator("#id_snapshot option").count()
    upload(ines, file)
    wrong = ines.locator(".field:has(input[type=file]) .err")
    expect(wrong).to_contain_text("line 5, column 12")
    expect(ines.get_by_label("File")).to_have_attribute("aria-invalid", "true")
    expect(ines.locator(".errsum")).to_be_focused()
    ines.goto(SUBMIT)
    assert ines.locator("#id_snapshot option").count() == before


def test_a_requester_reads_who_decides_instead_of_the_form(desk: Desk, site: Site) -> None:
    ines = desk("ines")
    ines.goto(site.run("not-decided"))
    assert ines.get_by_role("link", name="Decide").count() == 0
    ines.locator("#run").get_by_role("link", name=re.compile(r"^A-\d+$")).click()
    expect(ines.locator("#decide")).to_contain_text("You asked for this run, so somebody else decides.")
    assert ines.locator("form#decide").count() == 0
    ines.goto("/approvals/")
    assert ines.locator("#inbox section").first.locator(".row").count() == 0


def test_a_requester_cannot_decide_with_a_form_of_their_own(desk: Desk, site: Site, watch: Watch) -> None:
    watch.allowed |= {404, 403}
    ines = desk("ines")
    ines.goto(site.run("not-decided"))
    href = ines.locator("#run").get_by_role("link", name=re.compile(r"^A-\d+$")).get_attribute("href")
    token = ines.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    sent = {"csrfmiddlewaretoken": token, "verdict": "approve", "digest_shown": "0" * 64, "reason": ""}
    headers = {"Referer": f"{site.url}{href}", "Origin": site.url}
    answer = ines.request.post(f"{href}decide/", form=sent, headers=headers)
    assert answer.status in (403, 404, 409, 422)
    ines.reload()
    expect(state_of(ines)).to_have_text("Waiting for approval")


def test_a_stale_page_learns_what_happened_instead(desk: Desk, site: Site, watch: Watch) -> None:
    """Two reviewers and a second tab of the first have read the same request; one decision counts."""
    watch.allowed |= {409}
    first, second_tab, other = desk("mikkel"), desk("mikkel"), desk("ada")
    for page in (first, second_tab, other):
        page.goto(site.run("stale"))
        page.get_by_role("link", name="Decide").first.click()
        page.get_by_role("radio", name="Approve as asked" if page is other else "Reject").check()
        page.get_by_label("Reason").fill("Asked last week already.")
    prove(first)
    first.get_by_role("button", name=re.compile("^Decide")).click()
    expect(first.locator(".flash")).to_contain_text("You rejected")
    assert _refused(other) == 409
    expect(other.get_by_role("alert")).to_contain_text("is rejected already. Your decision was not recorded.")
    expect(other.locator("#decide")).to_contain_text("Mikkel Holm rejected this")
    assert _refused(second_tab) in (409, 422)
    expect(second_tab.get_by_role("alert")).to_contain_text("already decided")


def _refused(page: Page) -> int:
    prove(page)
    with page.expect_response(lambda answer: answer.url.endswith("/decide/")) as answered:
        page.get_by_role("button", name=re.compile("^Decide")).click()
    return answered.value.status
