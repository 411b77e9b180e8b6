"""What was sent to a provider, against what was approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hybridops.domain.envelope import Envelope, Planned, check_within
from hybridops.domain.errors import Refused
from hybridops.domain.money import from_micro
from hybridops.trust.bundle import Event


def check_submissions(run: int, events: list[Event], approved: Envelope | None) -> str:
    """Raises Refused unless each submission was put on record after its approval was used up, and inside it."""
    used = next((event.index for event in events if event.action == "approval.consumed"), None)
    mine = [event for event in events if event.stream == f"run:{run}"]
    shots, sent = 0, 0
    for event in mine:
        shots -= _given_back(event, mine)
        told = event.facts.get("reserved")
        if not isinstance(told, dict):
            continue
        if approved is None or used is None or used > event.index:
            raise Refused(f"{event.name} sent something before an approval for it was used.")
        sent += 1
        shots += _whole(told.get("shots"))
        check_within(
            approved,
            Planned(
                run=run,
                ordinal=_whole(told.get("ordinal")),
                provider=str(told.get("provider")),
                backend=str(told.get("backend")),
                program=str(told.get("program")),
                shots_total=shots,
                cost_usd_total=from_micro(_promised(mine, sent)),
                at=datetime.fromisoformat(event.at),
                bindings=_bindings(told.get("bindings", [])),
            ),
        )
    if not sent:
        return "Nothing was sent to a provider."
    most = approved.submissions_max if approved else 0
    return f"What was sent ({sent} of at most {most} submissions, {shots} shots) is inside what was approved."


def _bindings(told: Any) -> list[dict[str, float]]:
    sets = told if isinstance(told, list) else [told]
    if not all(isinstance(one, dict) and all(type(v) in (int, float) for v in one.values()) for one in sets):
        raise Refused("An event of the run has something else where values of a circuit are expected.")
    return sets


def _given_back(event: Event, mine: list[Event]) -> int:
    """Shots of submissions that a provider refused with this event: they never ran and do not count."""
    refused = {move.get("submission") for move in _moves(event) if move.get("to") == "refused"}
    told = (other.facts.get("reserved") for other in mine)
    return sum(
        _whole(one["shots"]) for one in told if isinstance(one, dict) and one.get("ordinal") in refused
    )


def _moves(event: Event) -> list[Mapping[str, Any]]:
    moves = event.facts.get("moves")
    return [move for move in moves if isinstance(move, dict)] if isinstance(moves, list) else []


def _promised(mine: list[Event], sent: int) -> int:
    """What the first so many submissions may cost at most: the money promised for each."""
    slots = [
        _whole(event.facts.get("amount_micro"))
        for event in mine
        if event.action == "money.reserved" and "-qpu-" in str(event.facts.get("reservation"))
    ]
    return sum(slots[:sent])


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise Refused("An event of the run has something else where a number is expected.")
    return value
