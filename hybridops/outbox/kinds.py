"""What people and machines are told about, once: the word for it, and how soon unless they choose otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Pace(StrEnum):
    """How soon a person wants to be told."""

    NOW = "at once"
    HOURLY = "hourly"
    DAILY = "daily"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Kind:
    """`urgent` ones are sent at once whatever was chosen: an alarm that waits is none. `machines`: no mail."""

    label: str
    pace: Pace
    urgent: bool = False
    machines: bool = False


KINDS: Mapping[str, Kind] = {
    "approval.asked": Kind("A decision waits for you", Pace.NOW),
    "approval.reminder": Kind("A decision still waits", Pace.NOW),
    "approval.escalated": Kind("A decision was escalated to you", Pace.NOW),
    "approval.decided": Kind("Your request was decided", Pace.NOW),
    "approval.comment": Kind("Somebody commented on a request", Pace.HOURLY),
    "approval.alarm": Kind("Somebody approved in an emergency", Pace.NOW, urgent=True),
    "run.changed": Kind("A run changed its state", Pace.NOW, machines=True),
    "run.ended": Kind("A run of yours ended", Pace.HOURLY),
    "submission.unclear": Kind("A submission is unclear", Pace.NOW),
    "breaker.opened": Kind("Nothing is sent to a backend for now", Pace.NOW),
    "budget.frozen": Kind("A budget was frozen", Pace.NOW),
    "budget.proposed": Kind("A budget change waits for a second person", Pace.NOW),
    "spending.stopped": Kind("QPU spending was stopped", Pace.NOW),
    "definition.review": Kind("A definition waits for your review", Pace.DAILY),
    "schedule.refused": Kind("A schedule or hook of yours could not submit", Pace.HOURLY),
    "audit.checkpoint": Kind("A signed checkpoint of the log", Pace.NOW, machines=True),
    "audit.problem": Kind("The log needs you", Pace.NOW, urgent=True),
}
