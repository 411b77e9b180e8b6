"""A real Chromium, and a watch over what its pages do: other hosts, refused by the policy, said to the console."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, sync_playwright

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The first is Chromium without its own windows, which a test never sees and which take half of its time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Put in beside the page's policy, not against it. Nothing here may use eval: the policy refuses it.
EARLY = """
addEventListener("securitypolicyviolation", (e) =>
  console.error(`policy: ${e.effectiveDirective} refused ${e.blockedURI} ${e.sample}`));
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push([one.value, one.startTime,
    ...one.sources.map((s) => `${(s.node?.outerHTML ?? s.node?.parentElement?.outerHTML)?.slice(0, 90)} ` +
      `${s.previousRect.x},${s.previousRect.y} to ${s.currentRect.x},${s.currentRect.y}`)]);
}).observe({ type: "layout-shift", buffered: true });
"""
SHIFT_MAX = 0.02
STATUS = re.compile(r"the server responded with a status of (\d+)")


class NoBrowser(Exception):
    """One sentence that says which browser was looked for."""


@contextmanager
def launched() -> Iterator[Browser]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser(f"no Chromium on this machine; looked for {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=list(ARGS))
        except Error as problem:
            raise NoBrowser(f"{found} does not start: {problem}") from None
        yield browser
        browser.close()


class Watch:
    """What went wrong on the pages of a test; `allowed` are the refusals it asks for itself."""

    def __init__(self, url: str) -> None:
        self.home, self.allowed = urlsplit(url).netloc, {422}
        self.trouble: list[str] = []
        self.abroad: list[str] = []
        self.away = False  # while a test keeps the site away, failed requests are what it wants

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._said)
        context.on("weberror", lambda error: self.trouble.append(f"thrown: {error.error}"))
        context.on("request", self._asked)
        context.add_init_script(EARLY)

    def saw_nothing(self) -> None:
        assert not self.abroad, "requests to other hosts"
        assert not self.trouble

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        status = STATUS.search(message.text)
        if status and int(status[1]) in self.allowed:
            return
        if self.away and ("net::ERR" in message.text or "WebSocket" in message.text):
            return
        self.trouble.append(f"{message.page.url if message.page else ''}: {message.text}")

    def _asked(self, request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme not in ("data", "blob") and where.netloc != self.home:
            self.abroad.append(request.url)


def sign_in(page: Page, name: str) -> None:
    """By the demo's own button on the sign-in page."""
    page.goto("/sign-in/")
    page.get_by_role("button", name=f"Sign in as {name}").click()
    page.get_by_role("heading", level=1, name="Today").wait_for()


def prove(page: Page, label: str = "One-time code") -> None:
    """Types the code that the demo's authenticator shows beside the form."""
    code = page.locator("#demo-code b").inner_text().replace(" ", "")
    page.get_by_label(label).fill(code)


def moved(page: Page) -> list[Any]:
    """What moved under the reader's eyes, if it was too much in all: how much, when, which elements."""
    seen: list[Any] = page.evaluate("() => window.shifts")
    return seen if sum(one[0] for one in seen) > SHIFT_MAX else []
