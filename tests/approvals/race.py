"""Sixteen people, an expiry and a withdrawal at one request, again and again.

As a program, `python -m tests.approvals.race`, in a database of its own: PostgreSQL lets them really meet.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextvars import copy_context
from threading import Barrier, Thread
from typing import Any

PEOPLE, ROUNDS = 16, 4


def found() -> tuple[Any, list[Any]]:
    """A team of sixteen reviewers, and who asks them."""
    from hybridops.domain.actors import SYSTEM
    from hybridops.teams import services as teams
    from hybridops.teams.models import User
    from hybridops.teams.permissions import Role

    team = teams.add_team(slug="race", name="Race", actor=SYSTEM)
    people = [User.objects.create(username=f"r{n}", name=f"R{n}") for n in range(PEOPLE + 1)]
    for person in people[1:]:
        teams.join(user=person, team=team, role=Role.REVIEWER, actor=SYSTEM)
    return team, people


def ask(team: Any, people: list[Any], number: int) -> Any:
    from datetime import timedelta
    from decimal import Decimal

    from hybridops.approvals import services
    from hybridops.domain import clock
    from hybridops.domain.actors import SYSTEM
    from hybridops.domain.envelope import Envelope, Listed
    from hybridops.domain.risk import Assessment

    ends = clock.now() + timedelta(hours=1)
    pair = Listed("scripted", "aster", "p", "s", "here")
    envelope = Envelope(
        900_000 + number, "d", "q", "b", "t", "x", (pair,), 1, 100, Decimal(5), "b", "p", ends
    )
    return services.ask(
        team_id=team.pk, requester_id=people[0].pk, subject=f"race:{number}", title="race", envelope=envelope,
        assessment=Assessment(60, 50, (), by_policy=False, reviewers=1, finance=0), evidence={},
        involved=frozenset({people[0].pk}), lapses_at=ends, policy_name="p", actor=SYSTEM,
    )  # fmt: skip


def race(team: Any, people: list[Any], rounds: int) -> list[dict[str, Any]]:
    """What each round's request came to. Every answer is either a recorded decision or a Conflict."""
    return [_round(ask(team, people, number), people[1:]) for number in range(rounds)]


def _round(request: Any, people: list[Any]) -> dict[str, Any]:
    from hybridops.approvals import services as approvals
    from hybridops.approvals.models import ApprovalRequest
    from hybridops.audit.models import AuditEvent
    from hybridops.domain.actors import SYSTEM
    from hybridops.domain.states import RequestState
    from hybridops.experiments import services

    verdicts = ("approve", "reject", "changes", "narrow")

    def vote(n: int) -> str:
        services.decide(
            user=people[n], request_id=request.pk, verdict=verdicts[n % 4], digest_shown=request.digest,
            reason="race", limits={"shots_max": 50} if n % 4 == 3 else None,
        )  # fmt: skip
        return "decided"

    def end(target: RequestState) -> str:
        done = approvals.close(request_id=request.pk, target=target, why="race", actor=SYSTEM)
        return "closed" if done else "late"

    works = [lambda n=n: vote(n) for n in range(len(people))]
    works += [lambda: end(RequestState.EXPIRED), lambda: end(RequestState.WITHDRAWN)]
    answers = together(works)
    events = AuditEvent.objects.filter(stream=f"request:{request.pk}").order_by("seq")
    moved = [
        action
        for action in events.values_list("action", flat=True)
        if action.split(".")[1] in set(RequestState)
    ]
    fresh = ApprovalRequest.objects.get(pk=request.pk)
    return {
        "answers": dict(Counter(answers)), "moves": moved, "state": fresh.state,
        "votes": fresh.decisions.count(), "revision": fresh.revision,
    }  # fmt: skip


def together(works: list[Any]) -> list[str]:
    """All at once, each on a connection of its own; what each answers or raises, by name."""
    from django.db import connection

    answers: list[str] = []
    start = Barrier(len(works))

    def run(work: Any) -> None:
        try:
            start.wait()
            answers.append(work())
        except Exception as problem:
            answers.append(type(problem).__name__)
        finally:
            connection.close()

    threads = [Thread(target=copy_context().run, args=(run, work)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def check(rounds: list[dict[str, Any]]) -> None:
    """One request ends once: an approval may still be withdrawn or lapse after it, nothing else follows."""
    for told in rounds:
        yes_then_over = ["approval.approved", "approval.expired"], ["approval.approved", "approval.withdrawn"]
        assert len(told["moves"]) == 1 or told["moves"] in yes_then_over, told
        assert told["moves"][-1] == f"approval.{told['state']}", told
        assert told["votes"] == told["answers"].get("decided", 0) <= 1, told
        assert set(told["answers"]) <= {"decided", "closed", "late", "Conflict"}, told
        assert sum(told["answers"].values()) == PEOPLE + 2, told


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from hybridops.audit import keyring
    from hybridops.experiments.announce import silence

    call_command("migrate", verbosity=0)
    keyring.make_missing()
    with silence():
        json.dump(race(*found(), ROUNDS), sys.stdout)


if __name__ == "__main__":
    main()
