"""A rolling upgrade with runs in flight: an earlier commit and this one side by side finish each other's runs."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.lab import ROOT
from tests.chaos.rolling import REST, House, Site, house, older_version
from tests.stores import postgres

PAGES = {
    "farah": ("/", "/cost/", "/cost/explore/", "/cost/week/", "/evidence/"),
    "astrid": ("/runs/", "/audit/"),
    "omar": ("/", "/backends/"),
}


@pytest.mark.slow
def test_two_versions_finish_each_others_runs(tmp_path: Path) -> None:
    _, old = older_version(tmp_path / "old")
    with postgres() as url, house(tmp_path, url, old) as shared:
        upgrade(shared, old)
        shared.agrees(ROOT)


def upgrade(shared: House, old: Path) -> None:
    before = shared.serve(old)
    workers = shared.working(old)
    rest = [shared.start(old, name) for name in REST]
    simulator = shared.start(old, "simulator")
    seen = "SELECT 1 FROM backends_listing"
    shared.until(lambda: shared.oracle.rows(seen), "no worker looked at the backends")
    waiting, decided_on_new = before.submit(), before.submit()
    for run in (waiting, decided_on_new):
        shared.until(lambda run=run: shared.oracle.asked(run), "nobody was asked", run)

    computing = before.submit(baseline_seconds=8)
    at_stage(shared, computing, "baseline")
    migrate(shared)

    after = shared.serve(ROOT)
    after.decide(decided_on_new)  # only old workers are there
    shared.ended(decided_on_new)
    at_provider = after.submit()
    os.kill(simulator.pid, signal.SIGSTOP)  # its job stays there until the old QPU worker has gone
    before.decide(at_provider)
    shared.until(lambda: shared.oracle.jobs(at_provider), "the provider has no job", at_provider)
    stop_and_resume(shared, before, after)

    fresh = shared.working(ROOT)
    shared.start(ROOT, "sweep")
    shared.there(2)
    in_hand = taken_by_old(shared, before, fresh)
    for process in workers.values():
        shared.drain(process)
    os.kill(simulator.pid, signal.SIGCONT)
    late = before.submit()
    before.decide(waiting)  # only new workers are there
    after.decide(in_hand)
    before.decide(computing)
    after.decide(late)
    shared.ended(at_provider, waiting, in_hand, computing, late)
    assert shared.takers(decided_on_new, "gate", "quantum", "score") == {"1"}
    assert shared.takers(in_hand, "baseline") == {"1"}
    for run in (waiting, in_hand, computing, late):
        assert shared.takers(run, "gate", "quantum", "score") == {"2"}

    for site in (before, after):
        read(site)
    for process in (*rest, simulator, before.process):
        shared.drain(process)
    shared.start(ROOT, "courier")
    shared.start(ROOT, "simulator")
    last = after.submit()
    after.decide(last)
    shared.correct(waiting, decided_on_new, computing, at_provider, in_hand, late, last)


def taken_by_old(shared: House, site: Site, fresh: dict[str, Any]) -> int:
    """A run whose long stage the old worker has in hand; the new one is held back until then."""
    os.kill(fresh["worker cpu"].pid, signal.SIGSTOP)
    run = site.submit(baseline_seconds=10)
    at_stage(shared, run, "baseline")
    os.kill(fresh["worker cpu"].pid, signal.SIGCONT)
    return run


def read(site: Site) -> None:
    """Pages that add up what the other version wrote."""
    for login, pages in PAGES.items():
        for page in pages:
            site.as_(login).get(page)


def at_stage(shared: House, run: int, stage: str) -> None:
    def there() -> bool:
        return shared.oracle.stages(run)[stage]["state"] == "running"

    shared.until(there, f"it was never seen at {stage}", run)


def migrate(shared: House) -> None:
    """The migration job, while everybody works."""
    known = "SELECT app, name FROM django_migrations"
    before = len(shared.oracle.rows(known))
    shared.run(ROOT, "-m", "django", "migrate", "--no-input", "-v", "0")
    assert len(shared.oracle.rows(known)) > before


def stop_and_resume(shared: House, before: Site, after: Site) -> None:
    """The old version's page stops all spending on the new schema; the new one's lets it go on."""
    standing = "SELECT 1 FROM quotas_spendingstop WHERE standing"
    before.stop_spending()
    assert shared.oracle.rows(standing)
    after.resume_spending()
    assert not shared.oracle.rows(standing)
