"""What needs me now?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.states import StageState
from hybridops.experiments.models import Run, Stage
from hybridops.quotas.models import Budget
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, listed, marked, sentence


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies there, counted."""

    decisions: int = 0
    first_lapses: datetime | None = None
    without_result: int = 0
    for_a_person: int = 0
    breakers: int = 0
    budgets: int = 0
    bills: int = 0
    changes: int = 0
    stopped: bool = False
    emergencies: int = 0
    moving: int = 0


def answer(desk: Desk) -> SafeString:
    needs = [*_stop(desk), *_decisions(desk), *_rest(desk)]
    if not needs:
        return joined([bold("Nothing needs you."), _moving(desk)])
    return joined([*needs[:3], _moving(desk)])


def _stop(desk: Desk) -> list[str]:
    return [marked("All QPU spending is stopped.")] if desk.stopped else []


def _decisions(desk: Desk) -> list[str]:
    if not desk.decisions:
        return []
    wait = "waits" if desk.decisions == 1 else "wait"
    words = bold(f"{sentence(counted(desk.decisions, 'decision'))} {wait} for you")
    which = "it" if desk.decisions == 1 else "the first"
    lapses = marked(fmt.clock(desk.first_lapses))
    return [format_html("{}, and {} lapses at {}.", words, which, lapses)]


def _rest(desk: Desk) -> list[str]:
    told = []
    if desk.emergencies:
        words = "emergency approval waits", "emergency approvals wait"
        told.append(f"{sentence(counted(desk.emergencies, *words))} to be looked at.")
    if desk.for_a_person:
        words = "submission is unclear and needs", "submissions are unclear and need"
        told.append(f"{sentence(counted(desk.for_a_person, *words))} a person.")
    if desk.breakers:
        words = "breaker needs", "breakers need"
        told.append(f"{sentence(counted(desk.breakers, *words))} a person.")
    if desk.without_result:
        words = "run of yours ended", "runs of yours ended"
        told.append(f"{sentence(counted(desk.without_result, *words))} without a result.")
    if desk.changes:
        words = "change of money waits", "changes of money wait"
        told.append(f"{sentence(counted(desk.changes, *words))} for a second person.")
    if desk.bills:
        words = "line of a bill needs", "lines of bills need"
        told.append(f"{sentence(counted(desk.bills, *words))} you.")
    if desk.budgets:
        words = "budget needs", "budgets need"
        told.append(f"{sentence(counted(desk.budgets, *words))} you.")
    return told


def _moving(desk: Desk) -> str:
    if not desk.moving:
        return "No run is moving."
    return f"{sentence(counted(desk.moving, 'run is', 'runs are'))} moving."


def run_line(run: Run, stages: Sequence[Stage], spent: Decimal | None) -> str:
    """What a run does or how it ended, and what it cost so far."""
    if not run.outcome:
        return " ".join(filter(None, (_doing(stages), f"{fmt.money(spent)} so far." if spent else "")))
    ended = run.why.rstrip(". ") or "No reason was recorded"
    if "charged" in ended:
        return f"{ended}."
    return f"{ended}. It cost {fmt.money(spent)}." if spent else f"{ended}. Nothing was charged."


def _doing(stages: Sequence[Stage]) -> str:
    """The stage that holds the run up, in its own words."""
    for wanted in (StageState.HELD, StageState.RUNNING, StageState.READY):
        for stage in stages:
            if stage.state == wanted:
                return _stage(stage)
    return "Waits for its first stage."


def _stage(stage: Stage) -> str:
    label = stage.spec["label"]
    if stage.state == StageState.HELD:
        return f"{label}: {stage.why}."
    if stage.state == StageState.READY:
        return f"{label}: waits for a worker."
    return f"{label}: {stage.progress_text or 'works'}."


def budget_line(budget: Budget, free: Decimal, limit: Decimal, overrun: Decimal) -> str:
    if budget.frozen:
        return f"Frozen after an overrun of {fmt.money(overrun)}. New work waits until you clear it."
    return f"{fmt.money(free)} of {fmt.money_whole(limit)} is left."


def ask_line(who: str, cap: Decimal, why: Sequence[str]) -> str:
    """Who asks for what, and which factors made it a question for people."""
    reason = f" A person decides because of {listed(why)}." if why else ""
    return f"{who} asks for up to {fmt.money(cap)}.{reason}"
