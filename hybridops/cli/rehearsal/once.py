"""One run from end to end through the real site: upload, submit, approve, wait, look, stop."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, cast

from django.core.management.base import CommandError

from hybridops.approvals.queries import by_subject
from hybridops.audit.services import seal, sequence
from hybridops.audit.verify import verify
from hybridops.backends.services import known
from hybridops.cli import serving
from hybridops.cli.rehearsal.browser import Browser, Refusal
from hybridops.cli.rehearsal.cast import PASSWORD
from hybridops.cli.rehearsal.people import found_demo
from hybridops.cli.rehearsal.problems import PROBLEMS, WHY_ANYWAY
from hybridops.cli.stack import Stack
from hybridops.domain import clock
from hybridops.domain.risk import EXEMPT
from hybridops.domain.states import ENDINGS, RequestState
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import Run
from hybridops.providers.faults import FAULTS, set_fault
from hybridops.quotas.queries import spent_micro
from hybridops.teams.models import User
from hybridops.teams.presence import demo_code

WAIT_SECONDS = 240.0
LATE_SECONDS = 30.0
BACKENDS = {"local": "heron-torino", "flaky": "heron-torino"}
SUBMIT = "/workflows/routing/submit/"


class Once:
    """`options` are those of `demo --once`: problem, seed, provider, fault."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.file, self.seed = cast("Path | None", options["problem"]), int(options["seed"])
        self.provider, self.fault = str(options["provider"]), str(options["fault"])
        if self.fault not in FAULTS:
            raise CommandError(f"There is no fault {self.fault!r}. Choose: {', '.join(FAULTS)}.")
        if self.file is not None and not self.file.is_file():
            raise CommandError(f"There is no file {self.file}.")

    def play(self) -> dict[str, Any]:
        """What happened, as one flat report."""
        began = monotonic()
        home = serving.writable_home()
        set_fault(home / "simulator", self.fault)
        serving.migrate()
        found_demo(clock.now().date())
        with serving.make_stack(home, 0, "127.0.0.1") as stack:
            stack.wait_ready(serving.READY_SECONDS)
            ready = monotonic() - began
            run = self._run(stack)
        return {**self._told(run), "ready_seconds": round(ready, 2), "seconds": round(monotonic() - began, 2)}

    def _run(self, stack: Stack) -> Run:
        _until(lambda: bool(known()), "no worker looked at the backends")
        run_id = self._submit(Browser(stack.url))
        _until(lambda: _asked(run_id) or _ended(run_id), f"R-{run_id} was neither asked about nor ended")
        if not _ended(run_id):
            _approve(Browser(stack.url), run_id)
        _until(lambda: _ended(run_id), f"R-{run_id} did not end")
        run = Run.objects.get(pk=run_id)
        _until(lambda: not run.submissions.filter(settled=False).exists(), "a bill is late", LATE_SECONDS)
        return run

    def _submit(self, browser: Browser) -> int:
        """Uploads the file as Inês and sends the form as it stands, with our seed and backend."""
        try:
            browser.sign_in("ines", PASSWORD)
            browser.post(*self._upload(browser.get(SUBMIT)["data-form"]))
            form = browser.get(browser.url)["submit"]
            cap = {"cost_max": "20.00", "backend": BACKENDS.get(self.provider, ""), "seed": str(self.seed)}
            cap |= {"priority_class": EXEMPT, "anyway": WHY_ANYWAY}
            form.pop("raise_cap", None)
            browser.post(SUBMIT, {**form, **cap, "preview_digest": ""})
        except Refusal as problem:
            raise CommandError(f"The site did not take it. {problem}") from None
        found = re.search(r"/runs/(\d+)/", browser.url)
        if found is None:
            raise CommandError(f"The submit led to {browser.url}, not to a run.")
        return int(found[1])

    def _upload(self, form: Mapping[str, str]) -> tuple[str, dict[str, str], dict[str, tuple[str, bytes]]]:
        zones = PROBLEMS["zones"]
        name, data = (self.file.name, self.file.read_bytes()) if self.file else (zones.filename, zones.data())
        return "/workflows/routing/data/", dict(form), {"data-upload": (name, data)}

    def _told(self, run: Run) -> dict[str, Any]:
        while sequence():
            pass
        seal()
        report = verify()
        stages = list(run.stages.order_by("id"))
        arms: dict[str, Any] = next((s.summary["arms"] for s in stages if "arms" in s.summary), {})
        verdict: dict[str, Any] = next((s.summary["verdict"] for s in stages if "verdict" in s.summary), {})
        request = by_subject(subject(run.pk))
        return {
            "run": run.pk,
            "state": run.state,
            "legal": run.state in ENDINGS,
            "why": run.why,
            "objectives": {name: arms.get(name, {}).get("objective") for name in ARMS},
            "verdict": verdict,
            "cost_usd": spent_micro([run.pk]).get(run.pk, 0) / 1_000_000,
            "provider_jobs": run.submissions.exclude(job_id="").values("job_id").distinct().count(),
            "submissions": [row.state for row in run.submissions.order_by("ordinal")],
            "decisions": [vote.verdict for vote in request.decisions.all()] if request else [],
            "audit_verified": report.verified,
            "audit_events": report.events,
            "findings": report.findings,
            "stage_seconds": {s.key: s.seconds for s in stages},
            "stages": {s.key: s.state for s in stages},
        }


ARMS = ("heuristic", "baseline", "random", "quantum")


def _approve(browser: Browser, run_id: int) -> None:
    request = by_subject(subject(run_id))
    if request is None:
        raise CommandError(f"R-{run_id} has no request.")
    try:
        browser.sign_in("mikkel", PASSWORD)
        form = browser.get(f"/approvals/{request.pk}/")["decide"]
        browser.post(
            f"/approvals/{request.pk}/decide/",
            {
                **form,
                "verdict": "approve",
                "reason": "Rehearsal.",
                "code": demo_code(User.objects.get(username="mikkel")),
            },
        )
    except Refusal as problem:
        raise CommandError(f"The reviewer's decision was not taken. {problem}") from None


def _asked(run_id: int) -> bool:
    request = by_subject(subject(run_id))
    return request is not None and request.state == RequestState.PENDING


def _ended(run_id: int) -> bool:
    return Run.objects.filter(pk=run_id).exclude(outcome="").exists()


def _until(done: Callable[[], bool], otherwise: str, seconds: float = WAIT_SECONDS) -> None:
    end = monotonic() + seconds
    while not done():
        if monotonic() > end:
            raise CommandError(f"After {seconds:.0f} s {otherwise}.")
        sleep(0.05)
