"""Whose turn it is at which backend, and why the others wait. Pure rules: the same facts give the same turns.

One turn at a time, while there is a free place that somebody can use: first a team that has held nothing for the
longest wait allowed, then the team that has used least for its weight. Inside a team by arrival, each class with
its head start. What waits can therefore count on two bounds:

* a team's next work is granted at the latest with the n-th place that frees after `wait_max_seconds`, where n is
  the number of teams that wait for such a place;
* inside its team, work is overtaken only by what arrived less than the difference of the head starts after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from hybridops.domain.shares import Rules

type Key = tuple[str, str]  # provider and backend


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work that could be sent now. `backends` are those it may go to, the preferred one first."""

    job: int
    team: str
    priority: str
    ready_at: float
    cost_micro: int
    backends: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Cap:
    """The most at once, and the most that may be started in a minute; None is no limit."""

    at_once: int | None = None
    per_minute: int | None = None


MINUTE = 60.0


@dataclass(slots=True)
class Site:
    """The backends as they are used now. It is changed by what is granted.

    `caps` are by (provider, backend), and by (provider, "") for all of a provider together. `running` counts what is
    there or on its way, `started` holds the moments of the last minute's starts by provider and by backend, `served`
    when a team last held a place: now, while it still does. `shut` is what takes nothing now with its reason and until
    when, `trials` what takes one job more and then is shut: see `breaker`.
    """

    caps: Mapping[Key, Cap] = field(default_factory=dict)
    running: dict[Key, int] = field(default_factory=dict)
    started: dict[Key, list[float]] = field(default_factory=dict)
    served: dict[tuple[str, Key], float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    shut: dict[Key, tuple[str, float | None]] = field(default_factory=dict)
    trials: frozenset[Key] = frozenset()

    def closed(self, key: Key, now: float) -> tuple[str, float | None]:
        """Why a backend takes nothing more now and until when, where that is known; an empty reason where it does."""
        for at in (key, (key[0], "")):
            if at in self.shut:
                return self.shut[at]
        for at in (key, (key[0], "")):
            cap = self.caps.get(at)
            if cap is None:
                continue
            name = at[1] or at[0]
            if cap.at_once is not None and self.running.get(at, 0) >= cap.at_once:
                many = "takes nothing now" if cap.at_once == 0 else f"is full, at most {cap.at_once} at once"
                return f"{name} {many}", None
            recent = [moment for moment in self.started.get(at, ()) if moment > now - MINUTE]
            if cap.per_minute is not None and len(recent) >= cap.per_minute:
                free_at = sorted(recent)[len(recent) - cap.per_minute] + MINUTE if cap.per_minute else None
                return f"{name} takes at most {cap.per_minute} a minute", free_at
        return "", None

    def take(self, team: str, key: Key, charge: float, now: float) -> None:
        """One more job of a team at a backend."""
        for at in (key, (key[0], "")):
            self.running[at] = self.running.get(at, 0) + 1
            self.started.setdefault(at, []).append(now)
            if at in self.trials:
                self.shut[at] = f"{at[1] or at[0]} is on trial with one job", None
        self.served[team, key] = now
        self.used[team] = self.used.get(team, 0.0) + charge


@dataclass(frozen=True, slots=True)
class Grant:
    """`overdue`: its team had held nothing for the longest wait allowed."""

    job: int
    backend: Key
    overdue: bool


@dataclass(frozen=True, slots=True)
class Denial:
    """`until` is when it can be otherwise, where that is known; `ahead` counts what goes before it."""

    job: int
    why: str
    until: float | None
    ahead: int


def dispatch(
    waiting: Iterable[Waiting], site: Site, rules: Rules, now: float
) -> tuple[list[Grant], list[Denial]]:
    """Every turn that can be given now, in order, and for all the others the reason. `site` takes the turns in."""
    lanes = _lanes(waiting, rules)
    grants: list[Grant] = []
    while heads := _heads(lanes, site, rules, now):
        job, key, overdue = min(heads, key=lambda head: _rank(head, site, rules))
        _lane_of(lanes, job).pop()
        site.take(job.team, key, max(job.cost_micro, rules.least_micro), now)
        grants.append(Grant(job.job, key, overdue))
    return grants, _denials(lanes, site, rules, now)


type _Lanes = dict[tuple[str, tuple[Key, ...]], list[Waiting]]
type _Head = tuple[Waiting, Key, bool]


def _lanes(waiting: Iterable[Waiting], rules: Rules) -> _Lanes:
    """What waits by team and by where it may go, in order of arrival with the last to go first: pop() takes a turn."""
    lanes: _Lanes = {}
    for job in sorted(waiting, key=lambda job: _place(job, rules), reverse=True):
        lanes.setdefault((job.team, job.backends), []).append(job)
    return lanes


def _lane_of(lanes: _Lanes, job: Waiting) -> list[Waiting]:
    return lanes[job.team, job.backends]


def _place(job: Waiting, rules: Rules) -> tuple[float, float, int]:
    """Where it stands inside its team: by arrival, with its class's head start."""
    return job.ready_at - rules.of_class(job.priority).head_start_seconds, job.ready_at, job.job


def _heads(lanes: _Lanes, site: Site, rules: Rules, now: float) -> list[_Head]:
    """The next job of each team that could go now, the backend it would go to, whether its team is overdue."""
    heads: dict[str, _Head] = {}
    for (team, backends), jobs in lanes.items():
        key = next((key for key in backends if not site.closed(key, now)[0]), None)
        if not jobs or key is None:
            continue
        if team not in heads or _place(jobs[-1], rules) < _place(heads[team][0], rules):
            overdue = now - since(jobs[-1], site) >= rules.wait_max_seconds
            heads[team] = (jobs[-1], key, overdue)
    return list(heads.values())


def since(job: Waiting, site: Site) -> float:
    """From when a team holds nothing where this job could go, at the earliest since the job is there."""
    return max(job.ready_at, *(site.served.get((job.team, key), -inf) for key in job.backends), -inf)


def _rank(head: _Head, site: Site, rules: Rules) -> tuple[int, float, float, float, int]:
    """Who is overdue comes first, the longest first; then who has used least for weight and class."""
    job, _, overdue = head
    if overdue:
        return 0, since(job, site), *_place(job, rules)
    weight = rules.weight_of(job.team) * rules.of_class(job.priority).weight
    return 1, site.used.get(job.team, 0.0) / weight, *_place(job, rules)


def _denials(lanes: _Lanes, site: Site, rules: Rules, now: float) -> list[Denial]:
    """Why each of the rest waits, in the order in which its team's work stands."""
    rest = sorted((job for jobs in lanes.values() for job in jobs), key=lambda job: _place(job, rules))
    told: dict[tuple[Key, ...], tuple[str, float | None]] = {}
    before: dict[str, int] = {}
    denials = []
    for job in rest:
        if job.backends not in told:
            told[job.backends] = _reason(job.backends, site, now)
        why, until = told[job.backends]
        ahead = before.get(job.team, 0)
        before[job.team] = ahead + 1
        denials.append(Denial(job.job, why, until, ahead))
    return denials


def _reason(backends: Sequence[Key], site: Site, now: float) -> tuple[str, float | None]:
    """Of every backend that it may go to; the earliest moment at which one of them may open."""
    closed = [site.closed(key, now) for key in backends]
    whys = list(dict.fromkeys(why for why, _ in closed))
    untils = [until for _, until in closed if until is not None]
    return "; ".join(whys) or "no backend is listed", min(untils, default=None)
