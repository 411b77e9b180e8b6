"""What the rules of turns look at: who waits, what is at the backends, what each team has used lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db.models import Q, QuerySet

from hybridops.backends import breakers
from hybridops.domain import clock
from hybridops.domain.dispatch import MINUTE, Cap, Key, Site, Waiting
from hybridops.domain.shares import Rules
from hybridops.domain.shares import rules as read_rules
from hybridops.domain.states import LIVE_SUBMISSION, StageState
from hybridops.experiments import conduct
from hybridops.experiments.models import Submission, Turn
from hybridops.experiments.use import TEAM, used

RECENT = 2_000  # submissions that are looked at for the last minute's starts and for who held a place lately


def rules() -> Rules:
    """The rules of sharing of this installation: settings.SCHEDULING over the defaults."""
    return read_rules(settings.SCHEDULING)


def in_line() -> QuerySet[Turn]:
    """Turns whose stage still wants one: it waits for it, or works its way to it; not what stands still otherwise."""
    held = Q(stage__state=StageState.HELD, stage__why__startswith=conduct.TURN)
    moving = Q(stage__state__in=(StageState.READY, StageState.RUNNING))
    return Turn.objects.filter(held | moving).select_related("stage", "team").order_by("pk")


def waiting_of(turns: Iterable[Turn]) -> list[Waiting]:
    """As the rules read them."""
    return [
        Waiting(
            job=turn.pk,
            team=turn.team.slug,
            priority=turn.priority_class,
            ready_at=turn.asked_at.timestamp(),
            cost_micro=turn.cost_micro,
            backends=tuple((provider, backend) for provider, backend in turn.open_to),
        )
        for turn in turns
    ]


def site(caps: Mapping[Key, Cap], granted: Iterable[Turn], rule: Rules) -> Site:
    """The backends as they are used now, grants on their way included."""
    may, now = breakers.passage(), clock.now().timestamp()
    made = Site(caps=caps, shut=dict(may.shut), trials=may.trials)
    made.used = used(rule)
    _recent(made, now)
    made.running, teams = _at_work()
    for team, key in teams:
        made.served[team, key] = now
    for turn in granted:
        at_moment = turn.granted_at.timestamp() if turn.granted_at else now
        charge = max(turn.cost_micro, rule.least_micro)
        made.take(turn.team.slug, (turn.provider, turn.backend), charge, at_moment)
        made.served[turn.team.slug, (turn.provider, turn.backend)] = now
    return made


def _at_work() -> tuple[dict[Key, int], set[tuple[str, Key]]]:
    """How many submissions are at each backend, and at each provider; and whose are where."""
    running: dict[Key, int] = {}
    teams = set()
    live = Submission.objects.filter(settled=False, state__in=LIVE_SUBMISSION)
    for provider, backend, team in live.values_list("provider", "backend", TEAM):
        for at in ((provider, backend), (provider, "")):
            running[at] = running.get(at, 0) + 1
        teams.add((team, (provider, backend)))
    return running, teams


def running(granted: Iterable[Turn]) -> dict[Key, int]:
    """How many jobs are at each backend and provider now, with those to which a turn there is given."""
    found, _ = _at_work()
    for turn in granted:
        for at in ((turn.provider, turn.backend), (turn.provider, "")):
            found[at] = found.get(at, 0) + 1
    return found


def _recent(made: Site, now: float) -> None:
    """The last minute's starts, and when teams last held a place."""
    newest = Submission.objects.order_by("-id").values_list(
        "provider", "backend", TEAM, "made_at", "ended_at"
    )
    for provider, backend, team, made_at, ended_at in newest[:RECENT]:
        if made_at.timestamp() > now - MINUTE:
            for at in ((provider, backend), (provider, "")):
                made.started.setdefault(at, []).append(made_at.timestamp())
        if ended_at is not None:
            key = (team, (provider, backend))
            made.served[key] = max(made.served.get(key, 0.0), ended_at.timestamp())
