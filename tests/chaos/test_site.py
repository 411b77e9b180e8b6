"""The web server dies while a form is being sent: the same form sent again is the same run."""

from __future__ import annotations

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest

from hybridops.cli.rehearsal.browser import Browser, Refusal
from hybridops.cli.rehearsal.cast import PASSWORD
from tests.chaos.lab import Lab

SUBMIT = "/workflows/routing/submit/"
SMALL = {"shots": "640", "qubits_max": "6", "baseline_seconds": "0.5"}


def filled(lab: Lab, browser: Browser) -> dict[str, str]:
    """The form as it stands, for a small run. It carries its own key."""
    browser.sign_in("ines", PASSWORD)
    form = browser.get(SUBMIT)["submit"]
    form.pop("raise_cap", None)
    small = {name: value for name in form for key, value in SMALL.items() if name.endswith(key)}
    assert len(small) == len(SMALL), sorted(form)
    return {
        **form,
        **small,
        "cost_max": "20.00",
        "priority_class": "research",
        "anyway": "to see what happens to it",
        "backend": "heron-torino",
        "seed": "3",
        "preview_digest": "",
    }


def patiently(lab: Lab, browser: Browser, path: str, fields: dict[str, str]) -> None:
    """What a person does whose browser said that the site cannot be reached."""
    end = monotonic() + 60
    while True:
        try:
            return browser.post(path, fields)
        except OSError:
            assert monotonic() < end, f"the site did not come back\n{lab.logs('web')}"
            sleep(0.2)


def made(lab: Lab, key: str) -> list[int]:
    return [row["id"] for row in lab.oracle.rows("SELECT id FROM experiments_run WHERE submit_key = ?", key)]


@pytest.mark.parametrize(
    "moment", [pytest.param("before it is read", marks=pytest.mark.slow), "after it is saved"]
)
def test_the_web_server_dies_while_a_form_is_sent(lab: Lab, moment: str) -> None:
    if not lab.oracle.rows("SELECT 1 FROM experiments_datasnapshot"):
        lab.correct(lab.submit(backend="ideal"), decisions=0)
    browser = Browser(lab.url)
    form = filled(lab, browser)
    key = form["submit_key"]
    web = lab.pid("web")
    if moment == "before it is read":
        os.kill(web, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as aside:
        sent = aside.submit(browser.post, SUBMIT, form)
        if moment == "after it is saved":
            lab.until(lambda: made(lab, key), "the form was not taken", 30)
        else:
            sleep(0.5)
        lab.kill("web")
        lost = isinstance(sent.exception(), OSError) and not isinstance(sent.exception(), Refusal)
    assert lost or moment == "after it is saved"
    patiently(lab, browser, SUBMIT, form)
    found = re.search(r"/runs/(\d+)/", browser.url)
    assert found, browser.url
    run = int(found[1])
    assert made(lab, key) == [run]
    decide(lab, run)
    lab.correct(run)


def decide(lab: Lab, run: int) -> None:
    """Mikkel's own form; the web server dies as soon as his vote is on disk, and he sends it again."""
    lab.until(lambda: lab.oracle.asked(run), "nobody was asked", 60, run)
    request = lab.oracle.requests(run)[0]["id"]
    browser = Browser(lab.url)
    browser.sign_in("mikkel", PASSWORD)
    form = browser.get(f"/approvals/{request}/")["decide"]
    path = f"/approvals/{request}/decide/"
    vote = {**form, "verdict": "approve", "reason": "Chaos.", "code": lab.ask("code", login="mikkel")}
    with ThreadPoolExecutor(1) as aside:
        sent = aside.submit(browser.post, path, vote)
        lab.until(lambda: lab.oracle.decisions(run), "the vote was not taken", 30, run)
        lab.kill("web")
        lost = isinstance(sent.exception(), OSError)
    if lost:
        try:
            patiently(lab, browser, path, vote)
        except Refusal:
            pass  # it says that this was decided already
