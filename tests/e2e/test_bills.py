"""A vendor's bill at the desk of finance: one line is what was booked, the other waits for a person."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Desk
from tests.e2e.fits import sideways, squeezed
from tests.e2e.site import Site
from tests.e2e.test_pages import ALL_RULES, axe, violations


def test_a_bill_is_imported_matched_and_what_is_left_comes_to_the_inbox(
    desk: Desk, site: Site, tmp_path: Path
) -> None:
    farah = desk("farah")
    job, usd = booked(farah, site)
    bill = tmp_path / "bill.csv"
    bill.write_text(f"job,amount,currency\n{job},{usd},USD\nnobody-knows-this,4.20,USD\n")

    farah.goto("/cost/invoices/")
    farah.get_by_label("Vendor").select_option("local")
    farah.get_by_label("Its number").fill("2026-11")
    farah.get_by_label("CSV").set_input_files(bill)
    farah.get_by_role("button", name="Import it").click()
    farah.wait_for_url(re.compile(r"/cost/invoices/\d+/$"))
    expect(farah.locator("#done")).to_contain_text("as booked")
    expect(farah.locator("#done").get_by_role("link", name=f"R-{site.runs['accepted']}")).to_be_visible()
    expect(farah.locator("#open")).to_contain_text("nobody-knows-this")
    farah.evaluate(axe())
    assert violations(farah, ALL_RULES) == []
    assert [*sideways(farah), *squeezed(farah)] == []

    here = farah.url
    farah.goto("/")
    expect(farah.locator("#main")).to_contain_text("1 line of bills")
    farah.goto(here)
    farah.get_by_label("Why").fill("a job of another house")
    farah.get_by_role("button", name="Set aside nobody-knows-this").click()
    expect(farah.locator("#answer")).to_contain_text("Every line of every bill is done.")
    farah.goto("/")
    expect(farah.locator("#main")).not_to_contain_text("line of bills")


def booked(farah: Page, site: Site) -> tuple[str, Decimal]:
    """The first QPU job of a run as its page names it, and what the ledger took for it, as finance downloads it."""
    farah.goto(site.run("accepted"))
    job = farah.locator("td[data-l=job]").first.text_content()
    query = f"kind=SETTLE&unit=micro&run=R-{site.runs['accepted']}"
    told = farah.request.get(f"/cost/ledger/export.csv?{query}").text()
    rows = [row for row in csv.DictReader(io.StringIO(told)) if row["reservation"].endswith("-qpu-1")]
    return str(job), Decimal(rows[0]["amount"]) / 1_000_000
