"""A decision that a passkey signs, and the mail that tells of it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.chromium import prove, sign_in
from tests.e2e.conftest import NAMES, Desk
from tests.e2e.site import Site
from tests.e2e.test_journey import RUN_MS

TOUCH = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_signs_a_decision_and_a_mail_tells_of_it(desk: Desk, site: Site) -> None:
    noor = desk("")
    _with_a_passkey(noor)
    noor.goto(site.run("passkey"))
    noor.get_by_role("link", name="Decide").first.click()
    noor.wait_for_url(re.compile(r"/approvals/\d+/$"))
    asked = noor.url
    noor.get_by_role("radio", name="Approve as asked").check()
    expect(noor.locator("#decide")).to_contain_text("Signed by your passkey")
    noor.get_by_role("button", name=re.compile("^Decide")).click()
    expect(noor.locator(".flash")).to_contain_text("You approved")
    noor.goto(asked)
    expect(noor.locator(".log").filter(has_text="approved as asked")).to_contain_text("passkey")

    ines = desk("ines")
    ines.goto("/messages/")
    ines.locator("#main").get_by_role("link", name=re.compile("Wave 11, passkey")).first.click()
    expect(ines.get_by_role("heading", level=1)).to_have_text("Wave 11, passkey")
    expect(ines.locator("#main")).to_contain_text("Noor Haddad")
    ines.goto(site.run("passkey"))
    expect(ines.locator("#run:not([data-watch])")).to_have_count(1, timeout=RUN_MS)
    expect(ines.locator("#run .title .st")).to_have_text(re.compile("^(Accepted|Not accepted)$"))


def _with_a_passkey(noor: Page) -> None:
    """Signs in anew, since a new passkey asks for that, and adds one that lives in the browser."""
    devtools = noor.context.new_cdp_session(noor)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": TOUCH})
    sign_in(noor, NAMES["noor"])
    noor.goto("/settings/")
    noor.get_by_role("link", name="Add a passkey").click()
    prove(noor, "Code")
    noor.get_by_role("button", name="Confirm").click()
    noor.get_by_label("Name").fill("laptop")
    noor.locator("#mfa_webauthn_add").click()
    noor.wait_for_url(re.compile(r"/account/2fa/(webauthn|recovery-codes)/$"))
