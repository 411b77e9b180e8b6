"""Sixteen clients at one request: they approve, reject, let it lapse, withdraw it and use it, again and again.

As a program, `python -m tests.approvals.race [rounds]`, in a database of its own: PostgreSQL lets them
really meet.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import copy_context
from threading import Barrier, Thread
from time import sleep
from typing import Any

# What each of the sixteen wants. A worker looks again until the request has ended.
CLIENTS = (
    ("approve",) * 4
    + ("reject",) * 3
    + ("changes", "narrow")
    + ("expire",) * 2
    + ("withdraw",) * 2
    + ("use",) * 3
)
PEOPLE = 9
SLOT_MICRO = 1_000_000
HEAD_START_SECONDS = (
    0.15  # at most: ending a request is quicker than deciding on it and would always be first
)
ENDS = {"consumed", "rejected", "changes_requested", "expired", "withdrawn"}


def found() -> Any:
    """The small world, with a reviewer for each client that decides."""
    from hybridops.domain.actors import SYSTEM
    from hybridops.teams import services as teams
    from hybridops.teams.models import User
    from hybridops.teams.permissions import Role
    from tests.approvals.asking import rules
    from tests.world import make_world

    world = make_world(limit_usd=10_000)
    rules()
    for number in range(PEOPLE):
        person = User.objects.create(username=f"r{number}", name=f"R{number}")
        teams.join(user=person, team=world.team, role=Role.REVIEWER, actor=SYSTEM)
        world.people[f"r{number}"] = person
    return world


def ask(world: Any) -> Any:
    """A run and a question about it. The run is not driven: this is about the question alone."""
    from dataclasses import replace
    from datetime import timedelta
    from decimal import Decimal

    from hybridops.approvals import services
    from hybridops.definitions.queries import policy
    from hybridops.domain import clock
    from hybridops.domain.actors import SYSTEM
    from hybridops.domain.assess import assess
    from hybridops.domain.envelope import Envelope, Listed
    from hybridops.trust.canonical import digest_of
    from tests.domain.test_policy import CALM
    from tests.world import submit

    run = submit(world)
    rules, digest = policy()
    assessment = assess(replace(CALM, cost_usd_max=Decimal(5)), rules)
    ends = clock.now() + timedelta(hours=1)
    pair = Listed("scripted", "aster", "p", "s", "here")
    envelope = Envelope(
        run.pk, "d", "q", "b", "t", "x", (), 1, (pair,), 1, 100, Decimal(5), "b", digest,
        digest_of(assessment.document()), ends,
    )  # fmt: skip
    return run, services.ask(
        team_id=world.team.pk, requester_id=world.ines.pk, subject=f"run:{run.pk}", title="race",
        envelope=envelope, assessment=assessment, evidence={}, involved=frozenset({world.ines.pk}),
        lapses_at=ends, policy_name="p", actor=SYSTEM,
    )  # fmt: skip


def race(world: Any, rounds: int) -> list[dict[str, Any]]:
    """What each round's request came to."""
    return [_round(world, *ask(world)) for _ in range(rounds)]


def _round(world: Any, run: Any, request: Any) -> dict[str, Any]:
    from hybridops.approvals.models import ApprovalRequest
    from hybridops.audit.models import AuditEvent
    from hybridops.quotas.models import Budget, Reservation

    answers = together([_client(n, wish, world, run, request) for n, wish in enumerate(CLIENTS)])
    events = AuditEvent.objects.filter(stream=f"request:{request.pk}").order_by("seq")
    named = [action.split(".")[1] for action in events.values_list("action", flat=True)]
    fresh = ApprovalRequest.objects.get(pk=request.pk)
    held = Reservation.objects.filter(key__startswith=f"run-{run.pk}-qpu")
    return {
        "answers": dict(Counter(answers)), "state": fresh.state, "votes": fresh.decisions.count(),
        "moves": [name for name in named if name in ENDS | {"approved"}],
        "reserved": held.count(), "pending": Budget.objects.get().pending_micro,
    }  # fmt: skip


def _client(number: int, wish: str, world: Any, run: Any, request: Any) -> Callable[[], str]:
    from django.db import transaction

    from hybridops.approvals import services as approvals
    from hybridops.approvals.models import ApprovalRequest
    from hybridops.definitions.queries import price_book
    from hybridops.domain.actors import SYSTEM
    from hybridops.domain.errors import IllegalMove, Refused
    from hybridops.domain.ledger import Amounts
    from hybridops.domain.states import RequestState
    from hybridops.experiments import conduct, services
    from tests.presence import here

    def vote() -> str:
        services.decide(
            user=world.people[f"r{number}"], request_id=request.pk, verdict=wish, digest_shown=request.digest,
            presence=here(), reason="race", limits={"shots_max": 50} if wish == "narrow" else None,
        )  # fmt: skip
        return "decided"

    def end() -> str:
        sleep(random.uniform(0, HEAD_START_SECONDS))
        target = RequestState.EXPIRED if wish == "expire" else RequestState.WITHDRAWN
        done = approvals.close(request_id=request.pk, target=target, why="race", actor=SYSTEM)
        return "closed" if done else "late"

    def use() -> str:
        while True:
            fresh = ApprovalRequest.objects.get(pk=request.pk)
            if fresh.state in ENDS:
                return "late"
            try:
                with transaction.atomic():
                    conduct.consume_and_reserve(
                        run=run, envelope_digest=fresh.digest, backend="aster", slot=Amounts(SLOT_MICRO),
                        price_book=price_book()[1], actor=SYSTEM,
                    )  # fmt: skip
                return "used"
            except (IllegalMove, Refused):
                sleep(0.005)  # not approved yet, or over already

    return {"expire": end, "withdraw": end, "use": use}.get(wish, vote)


def together(works: Sequence[Callable[[], str]]) -> list[str]:
    """All at once, each on a connection of its own; what each answers or raises, by name."""
    from django.db import connection

    answers: list[str] = []
    start = Barrier(len(works))

    def run(work: Callable[[], str]) -> None:
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
    """One request ends once, with one entry in the trail, and its money is promised exactly where it was used."""
    used = 0
    for number, told in enumerate(rounds, start=1):
        first, *rest = told["moves"]
        assert told["moves"][-1] == told["state"] and told["state"] in ENDS, told
        assert (first == "approved" and len(rest) == 1) or not rest, told
        assert told["votes"] == told["answers"].get("decided", 0) <= 1, told
        assert set(told["answers"]) <= {"decided", "closed", "late", "used", "Conflict"}, told
        assert sum(told["answers"].values()) == len(CLIENTS), told
        used += told["answers"].get("used", 0)
        assert told["reserved"] == told["answers"].get("used", 0) == (told["state"] == "consumed"), told
        assert told["pending"] == used * SLOT_MICRO + number * 100_000, told


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    import django

    django.setup()
    from django.conf import settings

    from hybridops.experiments.announce import silence

    settings.EXTRA_WORKFLOWS = {"fake": "tests.engine.fake:Fake"}
    settings.PROVIDERS = {**settings.PROVIDERS, "scripted": ("tests.engine.fake:Scripted", {})}
    from tests.migrated import set_up

    set_up()
    with silence():
        json.dump(race(found(), int(sys.argv[1])), sys.stdout)


if __name__ == "__main__":
    main()
