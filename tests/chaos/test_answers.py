"""A provider that hangs, errs, answers twice, late, or not at all: the outcome of each, in one table."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.chaos.lab import Lab

SCORED = ("accepted", "not_accepted")
slow = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """`fault` is set once the run is approved; `sent` is how its one submission ends."""

    fault: str
    outcomes: tuple[str, ...]
    sent: str
    jobs: int = 1
    losses: int = 0
    bill: bool = True
    fallback: str = "classical"


CASES = (
    pytest.param(Case("timeout", SCORED, "retrieved"), marks=slow),
    pytest.param(Case("hang", SCORED, "retrieved", losses=1)),
    pytest.param(Case("error", ("degraded",), "refused", jobs=0, bill=False)),
    pytest.param(Case("error", ("failed",), "refused", jobs=0, bill=False, fallback="stop"), marks=slow),
    pytest.param(Case("unavailable", ("degraded",), "refused", jobs=0, bill=False), marks=slow),
    pytest.param(Case("fails", ("degraded",), "failed", bill=False), marks=slow),
    pytest.param(Case("fails", ("failed",), "failed", bill=False, fallback="stop"), marks=slow),
    pytest.param(Case("partial", ("degraded",), "retrieved"), marks=slow),
    pytest.param(Case("lost", SCORED, "retrieved")),
    pytest.param(Case("lost-late", SCORED, "retrieved"), marks=slow),
    pytest.param(Case("twice", SCORED, "retrieved")),
    pytest.param(Case("late-bill", SCORED, "retrieved"), marks=slow),
    pytest.param(Case("garbage", SCORED, "retrieved"), marks=slow),
)


def asked(lab: Lab, **values: str) -> int:
    run = lab.submit(**values)
    lab.until(lambda: lab.oracle.asked(run), "nobody was asked", 60, run)
    return run


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.fault}-{case.fallback}")
def test_a_fault_of_the_provider(lab: Lab, case: Case) -> None:
    run = asked(lab, fallback=case.fallback)
    lab.ask("fault", name=case.fault)
    lab.approve(run)
    lab.correct(run, *case.outcomes, jobs=case.jobs, grace=90)
    (row,) = lab.oracle.submissions(run)
    assert row["state"] == case.sent, lab.dump(run)
    assert (row["cost_micro"] > 0) == case.bill, lab.dump(run)
    assert lab.oracle.stages(run)["quantum"]["losses"] == case.losses, lab.dump(run)


def at_the_provider(lab: Lab, run: int) -> None:
    """The job is taken, and nobody has heard more of it."""
    lab.until(lambda: lab.oracle.jobs(run), "the provider has no job", 60, run)


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        pytest.param("cancel-late", "retrieved", id="too late"),
        pytest.param("none", "cancelled", id="in time", marks=slow),
        pytest.param("lost", "cancelled", id="its answer lost", marks=slow),
    ],
)
def test_a_cancel_while_the_job_is_at_the_provider(lab: Lab, fault: str, sent: str) -> None:
    """The simulator stands still until the cancel is on disk: what it answers, it answers after that."""
    run = asked(lab)
    lab.ask("fault", name=fault)
    with lab.frozen("simulator"):
        lab.approve(run)
        at_the_provider(lab, run)
        lab.ask("cancel", run=run)
        if sent == "cancelled":
            lab.until(
                lambda: lab.oracle.jobs(run)[0]["cancel_requested"], "the cancel was not passed on", 30, run
            )
    lab.correct(run, "cancelled")
    (row,) = lab.oracle.submissions(run)
    assert row["state"] == sent, lab.dump(run)
    assert (row["cost_micro"] > 0) == (sent == "retrieved"), lab.dump(run)


@slow
def test_a_calibration_that_changes_after_the_approval_is_asked_about_again(lab: Lab) -> None:
    """The first approval does not cover it and is not used; the second one is."""
    lab.ask("fault", name="drift")
    run = asked(lab)
    lab.until(lambda: observed(lab, run), "nobody looked at the backends again", 40, run)
    lab.approve(run)
    lab.until(lambda: len(lab.oracle.requests(run)) == 2, "nobody was asked again", 60, run)
    lab.approve(run)
    lab.correct(run, decisions=2)
    assert [row["state"] for row in lab.oracle.requests(run)] == ["stale", "consumed"]


def observed(lab: Lab, run: int) -> bool:
    """Whether the workers have looked at the backends since this run was compiled."""
    compiled = lab.oracle.stages(run)["compile"]["ended_at"]
    return bool(lab.oracle.rows("SELECT 1 FROM backends_listing WHERE seen_at > ?", compiled))
