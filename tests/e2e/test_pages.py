"""Every page at every width in both schemes: reachable by everybody, nothing from elsewhere, and light."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.chromium import Watch, moved
from tests.e2e.conftest import Desk, Readers
from tests.e2e.fits import sideways, squeezed
from tests.e2e.site import Site

KIB = 1024
HTML_MAX, CSS_MAX, JS_MAX = 30 * KIB, 12 * KIB, 30 * KIB
# What is folded away, the table behind each figure above all, is in the page for those without scripts, but the
# browser neither styles it nor lays it out: the budget is of what is drawn.
DRAWN_MAX, NODES_MAX = 1500, 3000
ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
# All that another scheme can change: tests/house/test_styles.py sees to it.
COLOUR = ["color-contrast", "link-in-text-block"]
LAYOUT: list[str] = []
LOOKS = (
    (1280, "light", ALL_RULES),
    (1280, "dark", COLOUR),
    (390, "light", ALL_RULES),
    (320, "light", LAYOUT),
)
# Contrast is most of axe's time, and the second row of a table has the colours of the first: of all texts whose
# elements and ancestors have the same marks, one is asked about.
CHECK = """async ([rules, colour]) => {
  const marks = (e) => [...e.attributes].filter((a) => !/^(id|href|title|for|value|datetime)$/.test(a.name))
    .map((a) => `${a.name}=${a.value}`).join();
  const place = (e) => e === document.body ? "" : `${place(e.parentElement)}/${e.tagName} ${marks(e)}`;
  const says = (e) => /^(INPUT|SELECT|TEXTAREA)$/.test(e.tagName) ||
    [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
  const texts = new Map([...document.body.querySelectorAll("*")].filter(says).map((e) => [place(e), e]));
  const off = Object.fromEntries(colour.map((rule) => [rule, { enabled: false }]));
  const ask = (context, options) => axe.run(context, { resultTypes: ["violations"], ...options });
  const told = [await ask({ include: [...texts.values()] }, { runOnly: colour })];
  if (rules.length > colour.length) told.push(await ask(document, { runOnly: rules, rules: off }));
  return told.flatMap((one) => one.violations);
}"""


@dataclass(frozen=True, slots=True)
class Place:
    """A page as one of the people sees it: `path` may name a run of the demo, `follow` the links from there.

    A `variant` has nothing of its own at a phone's width or in the dark.
    """

    who: str
    path: str
    follow: tuple[str, ...] = ()
    status: int = 200
    variant: bool = False


PLACES = {
    "sign-in": Place("", "/sign-in/"),
    "today": Place("mikkel", "/"),
    "today of an operator": Place("omar", "/", variant=True),
    "workflows": Place("ines", "/workflows/"),
    "guide": Place("ines", "/workflows/guide/"),
    "submit": Place("ines", "/workflows/routing/submit/"),
    "runs": Place("ines", "/runs/"),
    "run, accepted": Place("ines", "run:accepted"),
    "run, degraded": Place("farah", "run:degraded"),
    "run, refused": Place("ines", "run:rejected", variant=True),
    "run, waiting": Place("mikkel", "run:shown"),
    "run, as a table": Place("ines", "run:accepted?axis=table&samples=repaired", variant=True),
    "cancel": Place("ines", "run:cancel", ("Cancel run…",)),
    "approvals": Place("mikkel", "/approvals/"),
    "policy": Place("priya", "/policy/"),
    "freezes": Place("omar", "/approvals/away/"),
    "delegations": Place("mikkel", "/approvals/away/", variant=True),
    "decision, waiting": Place("mikkel", "run:shown", ("Decide",)),
    "decision, own": Place("ines", "run:shown", ("A-",), variant=True),
    "decision, decided": Place("mikkel", "run:narrowed", ("A-",)),
    "break-glass": Place("omar", "run:shown", ("A-", "Break-glass")),
    "definitions": Place("ines", "/definitions/"),
    "definitions of a reviewer": Place("mikkel", "/definitions/"),
    "draft": Place("ines", "/definitions/", ("Vehicle routing at night",)),
    "draft, not one's own": Place("mikkel", "/definitions/", ("Vehicle routing at night",), variant=True),
    "weekly review": Place("mikkel", "/definitions/week/"),
    "data": Place("ines", "/data/"),
    "a snapshot": Place("ines", "/data/", ("Wave 11",)),
    "legal holds": Place("rosa", "/data/holds/"),
    "schedules": Place("ines", "/schedules/"),
    "messages": Place("ines", "/messages/"),
    "messages of an operator": Place("omar", "/messages/", variant=True),
    "people": Place("rosa", "/people/"),
    "settings": Place("ines", "/settings/"),
    "password": Place("ines", "/account/password/change/"),
    "passkeys and codes": Place("ines", "/account/2fa/"),
    "confirm a command line": Place("ines", "/account/device/"),
    "sessions": Place("ines", "/account/sessions/"),
    "prove it again": Place("ines", "/account/2fa/reauthenticate/"),
    "new passkey": Place("tomas", "/account/2fa/webauthn/add/", variant=True),
    "new recovery codes": Place("tomas", "/account/2fa/recovery-codes/generate/", variant=True),
    "without the app": Place("tomas", "/account/2fa/totp/deactivate/", variant=True),
    "sign-out": Place("ines", "/sign-out/", variant=True),
    "cost": Place("farah", "/cost/"),
    "cost of a project": Place("farah", "/cost/", ("Warehouse routing",), variant=True),
    "explorer": Place("farah", "/cost/explore/?rows=workflow&columns=backend"),
    "explorer of a workflow": Place("farah", "/cost/explore/?workflow=routing&rows=outcome", variant=True),
    "weekly review of money": Place("farah", "/cost/week/"),
    "evidence": Place("ines", "/evidence/"),
    "evidence of routing": Place("ines", "/evidence/routing/"),
    "benchmark report": Place("farah", "/evidence/routing/report/?figure=cost"),
    "compare, choose": Place("ines", "/compare/", variant=True),
    "compare": Place("ines", "compare:accepted,ideal,narrowed"),
    "budgets": Place("farah", "/cost/budgets/"),
    "a budget's burn-down": Place("farah", "/cost/budgets/", ("Burn-down",), variant=True),
    "ledger": Place("farah", "/cost/ledger/"),
    "ledger, nothing found": Place("farah", "/cost/ledger/?run=999999", variant=True),
    "bills": Place("farah", "/cost/invoices/"),
    "operations": Place("omar", "/operations/"),
    "status": Place("ines", "/status/"),
    "queues": Place("omar", "/queues/"),
    "backends": Place("ines", "/backends/"),
    "a backend": Place("omar", "/backends/", ("heron-torino",)),
    "audit": Place("astrid", "/audit/"),
    "audit, nothing found": Place("astrid", "/audit/?q=nothing-like-this", variant=True),
    "event": Place("astrid", "/audit/3/"),
    "404": Place("ines", "/runs/4711/", status=404),
    "403": Place("ines", "/audit/", status=403),
}


def visit(page: Page, site: Site, place: Place) -> bytes:
    """Goes there, and the bytes that came."""
    path = place.path
    if path.startswith("run:"):
        name, mark, query = path.removeprefix("run:").partition("?")
        path = site.run(name) + mark + query
    if path.startswith("compare:"):
        names = path.removeprefix("compare:").split(",")
        path = "/compare/?" + "&".join(f"r={site.runs[name]}" for name in names)
    answer = page.goto(path)
    for link in place.follow:
        with page.expect_response(lambda one: one.request.resource_type == "document") as answered:
            page.locator("#main").get_by_role("link", name=link).first.click()
        answer = answered.value
        page.wait_for_load_state()
    assert answer is not None and answer.status == place.status, answer
    page.wait_for_load_state("load")
    return answer.body()


@cache
def axe() -> str:
    spec = find_spec("axe_playwright_python")
    assert spec is not None and spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text()


def violations(page: Page, rules: list[str]) -> list[str]:
    """One line for each place that axe does not like. It is put in from outside, where the page's policy ends."""
    if not rules:
        return []
    found = page.evaluate(CHECK, [rules, COLOUR])
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", PLACES)
def test_a_page_is_for_everybody_and_light(name: str, readers: Readers, site: Site) -> None:
    place = PLACES[name]
    page, watch = readers(place.who)
    watch.allowed = {place.status}
    watch.trouble.clear()  # of a place that failed before
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    body = visit(page, site, place)
    wrong: list[str] = []
    if len(gzip.compress(body)) > HTML_MAX:
        wrong.append(f"{len(gzip.compress(body)) / KIB:.1f} KiB of HTML, at most {HTML_MAX / KIB:.0f}")
    nodes = page.locator("*").count()
    drawn = (
        nodes
        - page.locator("details:not([open]) > :not(summary), details:not([open]) > :not(summary) *").count()
    )
    if drawn > DRAWN_MAX or nodes > NODES_MAX:
        wrong.append(f"{drawn} of {nodes} nodes drawn, at most {DRAWN_MAX} of {NODES_MAX}")
    if not page.get_by_text("Demo data.").is_visible():
        wrong.append("nothing says that this is the demo")
    assert watch.trouble == []  # before axe, whose own probes the policy may refuse
    page.evaluate(axe())
    for width, scheme, rules in LOOKS:
        if place.variant and rules and (width, scheme) != (1280, "light"):
            continue
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        here = f"{width} {scheme}"
        wrong += [f"{here}, wider than the window: {one}" for one in sideways(page)]
        wrong += [f"{here}, does not fit: {one}" for one in squeezed(page)]
        wrong += [f"{here}, {one}" for one in violations(page, rules)]
    watch.trouble.clear()
    watch.saw_nothing()
    assert not wrong, "\n".join(wrong)


def test_what_is_pale_in_one_row_only_and_what_has_no_name_is_told(readers: Readers) -> None:
    page, _ = readers("farah")
    page.goto("/cost/ledger/")
    page.evaluate(axe())
    assert violations(page, ALL_RULES) == []
    page.locator("table tbody tr td").last.evaluate(
        "(cell) => { cell.innerHTML = 'pale<button></button>'; cell.style.color = '#ddd'; }"
    )
    assert {one.partition(":")[0] for one in violations(page, ALL_RULES)} == {"color-contrast", "button-name"}
    assert {one.partition(":")[0] for one in violations(page, COLOUR)} == {"color-contrast"}


def test_style_and_scripts_are_within_their_budget_and_nothing_else_is_loaded(
    desk: Desk, site: Site, watch: Watch
) -> None:
    page = desk("ines")
    kinds: dict[str, int] = {}
    seen: dict[str, bytes] = {}
    page.on(
        "response",
        lambda answer: seen.update({f"{answer.request.resource_type} {answer.url}": answer.body()}),
    )
    page.goto(site.run("accepted"), wait_until="networkidle")
    for what, body in seen.items():
        kind = what.partition(" ")[0]
        kinds[kind] = kinds.get(kind, 0) + len(gzip.compress(body))
    assert kinds["stylesheet"] <= CSS_MAX
    assert 0 < kinds["script"] <= JS_MAX
    assert not {"font", "image", "media"} & set(kinds) or all(
        "icon.svg" in what for what in seen if "image" in what
    )


def test_nothing_moves_while_a_page_arrives_slowly(desk: Desk, site: Site) -> None:
    """A phone with a sixth of this machine's speed, 1.6 Mbit/s and 150 ms away."""
    page = desk("ines", width=390, height=844)
    phone = page.context.new_cdp_session(page)
    phone.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    phone.send("Network.enable")
    speed = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
    phone.send("Network.emulateNetworkConditions", speed)
    for path in (site.run("accepted"), "/", "/workflows/routing/submit/"):
        page.goto(path, wait_until="networkidle")
        assert moved(page) == [], path


def test_text_spacing_of_the_readers_own_breaks_nothing(desk: Desk, site: Site, watch: Watch) -> None:
    """WCAG 1.4.12 at the narrowest width."""
    page = desk("ines", width=320, height=640)
    for path in ("/", site.run("accepted"), "/workflows/routing/submit/", "/runs/"):
        page.goto(path)
        page.evaluate(
            """() => {
              const sheet = new CSSStyleSheet();
              sheet.replaceSync("* {line-height: 1.5 !important; letter-spacing: .12em !important;" +
                " word-spacing: .16em !important} p {margin-bottom: 2em !important}");
              document.adoptedStyleSheets = [sheet];
            }"""
        )
        assert sideways(page) == []


def test_a_page_that_gets_an_address_gets_a_place_here() -> None:
    from django.urls import URLPattern

    from hybridops.web.urls import urlpatterns

    pages = {
        "today",
        "workflows",
        "guide",
        "submit",
        "runs",
        "run",
        "cancel",
        "approvals",
        "decision",
        "break_glass",
    }
    pages |= {
        "away",
        "policy",
        "definitions",
        "draft",
        "definitions_week",
        "cost",
        "audit",
        "audit_event",
        "queues",
        "backends",
        "backend",
    }
    pages |= {"budgets", "ledger", "invoices", "explore", "cost_week"}
    # The demo has no vendor and so no bill; tests/web/test_money_pages.py asks for it.
    pages |= {"invoice"}
    pages |= {"messages", "people", "settings", "data", "snapshot", "holds"}
    pages |= {"schedules", "operations", "status"}
    pages |= {"evidence", "evidence_of", "benchmark", "compare"}
    # Only a provider that cannot look a key up leaves one; tests/web/test_unclear.py asks for it.
    pages |= {"unclear"}
    parts = {"preview", "upload", "run_part", "demo_code"}
    files = {
        "artifact",
        "run_proofs",
        "cost_csv",
        "ledger_csv",
        "budgets_csv",
        "cost_week_csv",
        "invoice_csv",
        "invoices_csv",
        "explore_csv",
        "focus_csv",
        "focus_parquet",
        "audit_proof",
        "audit_checkpoint",
    }
    files |= {"evidence_csv", "evidence_list_csv", "benchmark_csv", "compare_csv"}
    doors = {"replay", "decide", "claim", "release", "comment", "break_glass_review", "verify", "theme"}
    doors |= {
        "decision_passkey",
        "emergency_passkey",
        "draft_passkey",
        "delegate",
        "revoke",
        "freeze",
        "lift",
    }
    doors |= {"budget_limit", "budget_clear", "queue_cap", "breaker", "spending_stop", "spending_resume"}
    doors |= {"budget_open", "period_close", "change_decide"}
    doors |= {"invoice_import", "invoice_match", "invoice_line"}
    doors |= {"message_paces", "notice_again", "notice_leave_out", "notice_replay", "webhook_add"}
    doors |= {"webhook_stop", "webhook_secret"}
    doors |= {"schedule_add", "schedule_pause", "schedule_resume", "schedule_end"}
    doors |= {"hook_add", "hook_secret", "hook_end", "hook"}
    doors |= {
        "definition_propose",
        "definition_from",
        "definition_leave",
        "definition_note",
        "evidence_decide",
    }
    doors |= {"draft_save", "draft_try", "draft_ask", "draft_withdraw", "draft_review"}
    doors |= {"person_add", "service_add", "person_role", "person_deactivate", "person_reactivate"}
    doors |= {"person_hand_over", "person_erase", "service_secret"}
    doors |= {"command_lines_end"}
    doors |= {"snapshot_class", "hold_place", "hold_lift"}
    found = {one.name for one in urlpatterns if isinstance(one, URLPattern)}  # the rest is for programs
    assert found == pages | parts | files | doors
