"""Who may decide, and when enough distinct people agree. Never on one's own work, never a machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hybridops.domain.errors import NotYours, Refused

DECIDING = frozenset({"reviewer", "finance"})


@dataclass(frozen=True, slots=True)
class Voter:
    """A person before a decision. `roles` on the request's team; `person` False for services and agents."""

    id: int
    person: bool
    active: bool
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Needed:
    """So many distinct people of a role or group."""

    of: str
    count: int


def check_may_decide(voter: Voter, *, involved: frozenset[int], already: frozenset[int]) -> None:
    """Raises unless this voter may decide: a living person with the right, not involved, not twice.

    `involved`: the requester, editors of the inputs, the definition's author, the sponsor of a service.
    `already`: who has voted.
    """
    if not voter.person or not voter.active or not voter.roles & DECIDING:
        raise NotYours("Only a reviewer or finance of this team decides.")
    if voter.id in involved:
        raise Refused("You asked for this run or made part of it, so somebody else decides.")
    if voter.id in already:
        raise Refused("You have already decided on this revision.")


def may_decide(voter: Voter, involved: Collection[int]) -> bool:
    """Whether this voter's yes would count."""
    return (
        voter.person and voter.active and bool(voter.roles & DECIDING) and voter.id not in frozenset(involved)
    )


def unfilled(need: Sequence[Needed], people: Collection[frozenset[str]]) -> Mapping[str, int]:
    """How many places of which role or group stay empty when each person takes one at most.

    The best seating there is (augmenting paths): nobody with two roles is wasted on the wrong place.
    """
    places = [needed.of for needed in need for _ in range(needed.count)]
    seated: dict[int, int] = {}

    def seat(place: int, asked: set[int]) -> bool:
        for person, roles in enumerate(people):
            if places[place] in roles and person not in asked:
                asked.add(person)
                if person not in seated or seat(seated[person], asked):
                    seated[person] = place
                    return True
        return False

    return Counter(places[place] for place in range(len(places)) if not seat(place, set()))


def is_agreed(need: Sequence[Needed], votes: Mapping[int, frozenset[str]]) -> bool:
    """Whether distinct people fill every place. Without any place nothing is ever agreed to."""
    return sum(needed.count for needed in need) > 0 and not unfilled(need, list(votes.values()))


def missing_words(missing: Mapping[str, int]) -> str:
    """Who is missing: `one more reviewer and 2 more finance`."""
    told = [f"{'one' if count == 1 else count} more {of}" for of, count in sorted(missing.items())]
    return " and ".join(told)
