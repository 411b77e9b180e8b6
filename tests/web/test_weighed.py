"""The run page's decisions: every candidate with its numbers, and older records as they were written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hybridops.backends.services import observe
from hybridops.domain import clock
from hybridops.engine.inline import drive
from hybridops.experiments.models import Placement
from hybridops.web import fmt
from hybridops.web.viewmodels.weighed import decided
from tests.engine.fake import Scripted
from tests.web.conftest import SignIn
from tests.web.words import plain
from tests.world import PRICES, World, publish, submit

pytestmark = pytest.mark.django_db


def test_every_backend_that_was_weighed_stands_with_its_numbers(world: World, as_: SignIn) -> None:
    run = submit(world, deadline=clock.now() + timedelta(hours=2))
    drive(run.pk)
    page = plain(as_(world.ines).get(f"/runs/{run.pk}/").content.decode())
    why = "Shortest wait within 3 % of the best expected success (0.90 on aster): $3.90, expected success 0.90 ± 0.04"
    for words in (
        why,
        "2 weighed",
        "90 % ± 4",
        "1 min",
        "100 %",
        "$3.90",
        "chosen",
        "another one fits better",
    ):
        assert words in page, words


def test_a_record_without_candidates_shows_its_reasons() -> None:
    old = {"resource": "qpu", "provider": "v", "chosen": "a", "why": "w", "rejected": [["b", "shut"]]}
    found = decided(Placement(stage="compile", document=old, made_at=clock.now()))
    assert (found.weighed, found.rejected, found.timed) == ([], [("b", "shut")], False)


def test_what_was_never_priced_has_dashes() -> None:
    blocked = {
        "provider": "v", "backend": "b", "cost_usd": "", "fidelity": None, "fidelity_error": None,
        "wait_p50": None, "wait_p90": None, "waits_seen": 0, "in_time": None, "guard": "not open now",
    }  # fmt: skip
    free = {**blocked, "backend": "a", "cost_usd": "1.5", "wait_p50": 10.0, "wait_p90": 60.0, "guard": ""}
    told = {"provider": "v", "chosen": "a", "why": "w", "rejected": [], "candidates": [free, blocked]}
    first, second = decided(Placement(stage="compile", document=told, made_at=clock.now())).weighed
    assert (second.price, second.success, second.why_not) == ("–", "–", "not open now")
    assert (first.success, first.price, first.chosen) == ("not reported", "$1.50", True)
    assert first.wait.replace(fmt.THIN, " ") == "10 s, 1 min"


def test_the_form_tells_waits_success_and_what_the_price_assumes(world: World, as_: SignIn) -> None:
    start, (aster, kelvin) = clock.now() - timedelta(hours=2), Scripted().backends()
    noisy = replace(aster, calibration={**aster.calibration, "two_qubit_error": 0.01}, digest="f" * 64)
    for look in range(10):
        with clock.at(start + timedelta(minutes=6 * look)):
            observe([replace(noisy, wait_seconds=600.0 if look > 6 else 5.0), kelvin])
    rule = {
        "provider": "scripted", "backend": "*", "kind": "seconds", "second": "1.60", "job_seconds": "2",
        "seconds_max": "60", "source": "a list", "dated": "2026-01-02",
    }  # fmt: skip
    publish({**PRICES, "schema": "hybridops.pricebook/2", "version": 2, "rules": [rule]}, "pricebook")
    page = plain(as_(world.ines).get("/workflows/fake/submit/").content.decode())
    for words in (
        "9 in 10 times at most 10 min", "About 90 % of shots undisturbed", "within 3 % of the best", "A list, 2026-01-02",
        "2 s of overhead a job and 260 µs a shot", "before they cost $288.00",
    ):  # fmt: skip
        assert words in page, words


def test_a_job_longer_than_the_vendor_lets_it_run_cannot_be_chosen(world: World, as_: SignIn) -> None:
    rule = {
        "provider": "scripted", "backend": "*", "kind": "seconds", "second": "1.60", "job_seconds": "2",
        "seconds_max": "2",
    }  # fmt: skip
    publish({**PRICES, "schema": "hybridops.pricebook/2", "version": 2, "rules": [rule]}, "pricebook")
    page = plain(as_(world.ines).get("/workflows/fake/submit/").content.decode())
    assert "it takes 2.03 s and jobs are stopped there after 2 s" in page
