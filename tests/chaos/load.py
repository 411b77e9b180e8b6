"""People and a service at work over HTTP: runs are asked for and now and then cancelled, requests decided on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import threading
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from time import time
from typing import Any
from urllib.parse import urlencode

from hybridops.cli.rehearsal.browser import Browser, Refusal
from hybridops.cli.rehearsal.cast import CODE_SECRET, PASSWORD
from tests.chaos.fleet import SKEWED, Machine
from tests.chaos.truth import PENDING_MAX, Truth

REVIEWERS = ("mikkel", "ada", "noor")
CODE_SECONDS = 30
AWAY = (OSError, HTTPException, ValueError)  # no answer, or a broken one


def code_at(seconds: float) -> str:
    """The one-time code of everybody in the demo (RFC 6238)."""
    count = int(seconds // CODE_SECONDS).to_bytes(8, "big")
    mac = hmac.new(base64.b32decode(CODE_SECRET), count, hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def call(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of one call; raises one of AWAY where there is no whole answer."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, body, told), timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as problem:
        return problem.code, json.loads(problem.read() or b"null")


@dataclass
class Load:
    """Three threads; what they saw is for the end of the soak."""

    machines: list[Machine]
    truth: Truth
    told: dict[str, Any]
    seed: int
    every_seconds: float
    told_runs: dict[str, int] = field(default_factory=dict)  # key → run, as it was answered
    answers: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asking, self.deciding = threading.Event(), threading.Event()
        self.over = threading.Event()
        self._rng = random.Random(self.seed)
        self._tokens: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=work.__name__, daemon=True)
            for work in (self._ask, self._decide, self._clear)
        ]

    def start(self) -> None:
        self.asking.set()
        self.deciding.set()
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.asking.clear()
        self.deciding.clear()
        self.over.set()
        for thread in self._threads:
            thread.join(60)

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except Exception as problem:
            self.findings.append(f"the load broke: {type(problem).__name__}: {problem}")

    # The service.

    def _ask(self) -> None:
        number = 0
        while not self.over.wait(self._rng.expovariate(1 / self.every_seconds)):
            if self.asking.is_set() and len(self.truth.pending()) < PENDING_MAX:
                number += 1
                self._one(f"soak-{self.seed}-{number}", self._wish(number))

    def _wish(self, number: int) -> dict[str, Any]:
        rng = self._rng
        return {
            "workflow": "routing",
            **rng.choice(self.told["snapshots"]),
            "title": f"Soak {number}",
            "parameters": {"shots": rng.choice((64, 640)), "qubits_max": 6, "baseline_seconds": 0.5},
            "seed": number,
            "backend": rng.choice(self.told["backends"]),
            "priority_class": "research",
            "fallback": rng.choice(("classical", "stop")),
            "anyway": "to see what happens to it",
            "cost_max_usd": "50",
        }

    def _one(self, key: str, wish: dict[str, Any]) -> None:
        """Asks machine after machine with the same key until one answers: that is one run, whoever answered."""
        body, tries = json.dumps(wish).encode(), 0
        while not self.over.is_set():
            machine = self._rng.choice(self.machines)
            status, told = self._call(machine, "/api/v1/runs", body, Idempotency_Key=key)
            if status == 201:
                self._keep(key, told["id"])
                self.answers["accepted" if not tries else "accepted after another try"] += 1
                break
            if status in (409, 422) and told.get("code") != "unreadable":
                self.answers[f"{status} {told.get('code')}: {str(told.get('detail'))[:60]}"] += 1
                break
            tries += 1
            self.answers[f"no answer ({status or 'away'})"] += 1
            self.over.wait(1.0)
        if self._rng.random() < 0.08 and key in self.told_runs:
            self.over.wait(self._rng.uniform(0, 6))
            status, _ = self._call(
                self._rng.choice(self.machines), f"/api/v1/runs/{self.told_runs[key]}/cancel", b"{}"
            )
            self.answers[f"cancel {status or 'away'}"] += 1

    def _keep(self, key: str, run: int) -> None:
        if self.told_runs.setdefault(key, run) != run:
            self.findings.append(f"{key} was answered as R-{self.told_runs[key]} and as R-{run}")

    def _call(self, machine: Machine, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        try:
            token = self._tokens.get(machine.name) or self._token(machine)
            sent = {"Authorization": f"Bearer {token}", "Content_Type": "application/json", **headers}
            status, told = call(machine.url + path, body, **sent)
        except AWAY:
            return 0, {}
        if status == 401:
            self._tokens.pop(machine.name, None)
        if status >= 500:
            self.answers[f"status {status}"] += 1
        return status, told if isinstance(told, dict) else {}

    def _token(self, machine: Machine) -> str:
        basic = base64.b64encode(f"{self.told['client']}:{self.told['secret']}".encode()).decode()
        asked = urlencode({"grant_type": "client_credentials", "scope": "runs:read runs:submit"}).encode()
        kind = "application/x-www-form-urlencoded"
        status, told = call(
            machine.url + "/api/token", asked, Authorization=f"Basic {basic}", Content_Type=kind
        )
        if status != 200:
            raise ValueError(f"no token: {status}")
        self._tokens[machine.name] = str(told["access_token"])
        return self._tokens[machine.name]

    # The reviewers.

    def _decide(self) -> None:
        """Whoever has a code left decides on the oldest open request, at a machine whose clock is right."""
        browsers: dict[str, Browser] = {}
        spent: set[tuple[str, int]] = set()
        voted: set[tuple[int, str]] = set()
        rng = random.Random(self.seed + 1)
        while not self.over.wait(0.7):
            if not self.deciding.is_set():
                continue
            step = int(time() // CODE_SECONDS)
            for request in self.truth.pending():
                free = [who for who in REVIEWERS if (who, step) not in spent and (request, who) not in voted]
                if not free:
                    continue
                who = rng.choice(free)
                spent.add((who, step))
                self._vote(browsers, who, request, rng, voted)

    def _vote(
        self,
        browsers: dict[str, Browser],
        who: str,
        request: int,
        rng: random.Random,
        voted: set[tuple[int, str]],
    ) -> None:
        machine = rng.choice([one for one in self.machines if one.name != SKEWED])
        verdict = "reject" if rng.random() < 0.06 else "approve"
        try:
            browser = browsers.get(f"{who}@{machine.name}")
            if browser is None:
                browser = Browser(machine.url)
                browser.sign_in(who, PASSWORD)
                browsers[f"{who}@{machine.name}"] = browser
            forms = browser.get(f"/approvals/{request}/")
            if "decide" not in forms:
                return
            told = {**forms["decide"], "verdict": verdict, "reason": "Soak.", "code": code_at(time())}
            browser.post(f"/approvals/{request}/decide/", told)
            voted.add((request, who))
            self.answers[f"decided: {verdict}"] += 1
        except Refusal as problem:
            self.answers["decision refused"] += 1
            self.last_refusal = str(problem)
            browsers.pop(f"{who}@{machine.name}", None)
        except AWAY:
            self.answers["decision unanswered"] += 1
            browsers.pop(f"{who}@{machine.name}", None)

    # The operator.

    def _clear(self) -> None:
        """Where a vendor cannot say whether it took a submission, somebody looks into its console and tells."""
        machine = self.machines[0]
        while not self.over.wait(5.0):
            for run, ordinal, key in self.truth.unclear():
                found = [job["job_id"] for job in self.truth.all_jobs() if job["key"] == key]
                told = {
                    "taken": "yes" if found else "no",
                    "job_id": found[0] if found else "",
                    "why": "Soak.",
                }
                path = f"/runs/{run}/submissions/{ordinal}/"
                try:
                    browser = Browser(machine.url)
                    browser.sign_in("omar", PASSWORD)
                    forms = browser.get(path)
                    form = next(controls for controls in forms.values() if "why" in controls)
                    browser.post(path, {**form, **told})
                    self.answers[f"cleared: {told['taken']}"] += 1
                except (*AWAY, Refusal, StopIteration):
                    self.answers["clearing unanswered"] += 1
