"""Portfolio selection through the doors: the installed data, a run to its end, and what its page shows."""

from __future__ import annotations

import json

import pytest

from hybridops.artifacts.services import fetch
from hybridops.domain.errors import BadInput
from hybridops.domain.states import RunState
from hybridops.engine import intake
from hybridops.engine.inline import drive
from hybridops.experiments.models import Run
from hybridops.experiments.services import Wanted
from hybridops.web.viewmodels.drawings import picture
from hybridops.web.viewmodels.results import answer_of, candidates
from tests.web.routing_world import SignIn, add_family, decide, finish, ideal_provider
from tests.world import World, submit

PARAMETERS = {
    "assets_chosen": 3,
    "risk_share": 0.5,
    "shots": 256,
    "qubits_max": 6,
    "layers": 1,
    "baseline_seconds": 2,
    "angle_strategy": "transferred",
}


def ready(world: World) -> int:
    """The installed stocks in a world that can run portfolios; the snapshot's number."""
    return add_family(world, "portfolio", "technology-stocks").pk


def test_a_portfolio_run_from_the_installed_stocks_to_its_page(world: World, as_: SignIn):
    """Asked for anyway, approved, sampled and scored: accepted, drawn on the page, with an answer to download."""
    with ideal_provider():
        run = submit(
            world,
            workflow="portfolio",
            priority_class="research",
            anyway="to see the whole way",
            snapshot_id=ready(world),
            parameters=PARAMETERS,
            title="Three of six",
            backend="heron-torino",
        )
        drive(run.pk)
        decide(world.mikkel, Run.objects.get(pk=run.pk))
        run = finish(run)
        assert run.state == RunState.ACCEPTED
        summary = run.stages.get(key="score").summary
        assert len(summary["answer"]["assets"]) == 3
        drawn = picture(fetch(summary["artifacts"]["picture"]), summary, "bp")
        assert drawn is not None and drawn.heading == "Risk and return"
        page = as_(world.ines).get(f"/runs/{run.pk}/").content.decode()
        assert "Risk and return" in page and "random choices" in page
        assert "value at risk, a quarter" in page
        solution = json.loads(fetch(summary["artifacts"]["solution"]))
        assert set(solution["weights"]) == set(summary["answer"]["assets"])


def test_more_assets_than_there_are_is_refused_before_a_run_is_made(world: World):
    """The form's range allows a hundred; six stocks do not."""
    with ideal_provider():
        wanted = Wanted(
            project_id=world.project.pk,
            snapshot_id=ready(world),
            title="Six of six",
            business_outcome="a choice",
            parameters=PARAMETERS | {"assets_chosen": 6},
            seed=7,
            backend="heron-torino",
            priority_class="research",
            fallback="classical",
            deadline=None,
            cost_max_micro=50_000_000,
        )
        with pytest.raises(BadInput, match="from 1 to 5") as caught:
            intake.submit(user=world.ines, workflow_name="portfolio", wanted=wanted, submit_key="six")
    assert caught.value.field == "assets_chosen"
    assert not Run.objects.exists()


def test_below_nothing_lower_is_still_better():
    """Objectives may be negative: -120 is lower than -100, by a fifth of 100, in the answer and in the table."""
    arms = {
        "heuristic": {"objective": -100.0},
        "baseline": {"objective": -90.0},
        "quantum": {"objective": -120.0},
    }
    found = answer_of(arms)
    assert (found.change, found.over_start, found.classical) == (-0.2, -20.0, -100.0)
    row = {"rank": 1, "objective": -120.0, "seen": 3, "bits": "1", "found_by": {"quantum": 3}}
    changes = [row.change for row in candidates({"arms": arms, "candidates": [row]})]
    assert changes == [-0.2, 0.0, 0.1]
