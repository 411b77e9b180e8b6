"""A page that stays open, without a browser: the live socket as the page's script uses it, and what is fetched then."""

from __future__ import annotations

import json
import random
import re
import threading
import urllib.request
from http.client import HTTPException
from time import monotonic
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from hybridops.cli.rehearsal.browser import Browser, Refusal
from hybridops.cli.rehearsal.cast import PASSWORD
from tests.chaos.fleet import Machine

WATCHED = 6
GAP_SECONDS = 0.5
SILENT_SECONDS = 45.0
ENDED = 1_000_000
WAIT_SECONDS = (0.5, 3.0)  # between two tries to connect, as `static/js/live.js` has it
AWAY = (OSError, HTTPException, WebSocketException, Refusal, ValueError)


class Watcher:
    """`shown` is what the page says of each run; a run is fetched only when the socket told of something newer."""

    def __init__(self, machine: Machine, person: str = "ines") -> None:
        self.machine, self.person = machine, person
        self.shown: dict[int, int] = {}
        self.reconnects = self.fetched = 0
        self._wanted: set[int] = set()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"watcher-{machine.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join(10)

    def want(self, runs: set[int]) -> None:
        """The runs on the page; a new one is there when the page was fetched with it."""
        with self._lock:
            self._wanted = set(runs)

    def behind(self, truth: dict[int, int]) -> dict[int, tuple[int, int]]:
        """Run → (shown, true), of what is on the page and older than the truth of that moment."""
        with self._lock:
            shown = {run: self.shown.get(run, 0) for run in self._wanted & set(truth)}
        return {run: (at, truth[run]) for run, at in shown.items() if at < truth[run]}

    def _live(self) -> None:
        browser, tries = Browser(self.machine.url), 0
        while not self._over.is_set():
            try:
                if "sessionid=" not in self._cookie(browser):  # a form that was cut off leaves its token only
                    browser.sign_in(self.person, PASSWORD)
                tries = 0 if self._connected(browser) else tries + 1
            except AWAY:
                tries += 1
            self.reconnects += 1
            wait = min(WAIT_SECONDS[1], WAIT_SECONDS[0] * 2 ** min(tries, 10)) * (0.5 + random.random())
            self._over.wait(wait)

    def _connected(self, browser: Browser) -> bool:
        """One life of the socket; whether it was ever open."""
        headers = {"Cookie": self._cookie(browser)}
        address, is_open = self.machine.url.replace("http", "ws") + "/live/", False
        try:
            with connect(
                address, additional_headers=headers, origin=self.machine.url, open_timeout=10, proxy=None,
                ping_interval=None, close_timeout=1,
            ) as socket:  # fmt: skip
                is_open = True
                self._hear(browser, socket)
        except AWAY:
            pass
        return is_open

    def _hear(self, browser: Browser, socket: Any) -> None:
        asked: set[int] | None = None
        newest: dict[int, int] = {}
        due, last = 0.0, monotonic()
        while not self._over.is_set() and monotonic() - last < SILENT_SECONDS:
            with self._lock:
                wanted = set(self._wanted)
            if wanted != asked:
                asked = wanted
                watch = [["run", run, self.shown.get(run, 0)] for run in sorted(wanted)]
                socket.send(json.dumps({"watch": watch}))
            try:
                told = json.loads(socket.recv(timeout=0.2))
                last = monotonic()
            except TimeoutError:
                told = {}
            if str(told.get("object", "")).startswith("run:") and "version" in told:
                run = int(told["object"][4:])
                newest[run] = max(newest.get(run, 0), int(told["version"]))
            if monotonic() >= due:
                due = monotonic() + GAP_SECONDS
                for run in [run for run in wanted if newest.get(run, 0) > self.shown.get(run, 0)]:
                    self._fetch(browser, run)

    def _fetch(self, browser: Browser, run: int) -> None:
        """The fragment that the page would fetch; where it does not come, the next nudge or tick asks again."""
        opener = browser._opener
        try:
            with opener.open(
                urllib.request.Request(f"{self.machine.url}/runs/{run}/part/row/"), timeout=10
            ) as answer:
                text = answer.read().decode()
        except AWAY:
            return
        self.fetched += 1
        found = re.search(rf'data-watch="run:{run}"[^>]*data-version="(\d+)"', text)
        with self._lock:  # what has ended does not watch any more: nothing newer can come
            self.shown[run] = max(self.shown.get(run, 0), int(found[1]) if found else ENDED)

    @staticmethod
    def _cookie(browser: Browser) -> str:
        return "; ".join(f"{one.name}={one.value}" for one in browser._jar)
