"""The policy in words, who signed it, and a dry run of another one. Nothing is written here, by GET or by POST."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from hybridops.approvals.dryrun import DryRun, dry_run
from hybridops.approvals.queries import recorded_since
from hybridops.definitions.queries import policy_in_force
from hybridops.domain import clock
from hybridops.domain.conditions import in_words
from hybridops.domain.errors import BadInput, NotYours
from hybridops.domain.policy import parse
from hybridops.domain.whatif import replay
from hybridops.experiments.history import weighed_since
from hybridops.teams.access import check_may, may
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.trust.canonical import read as read_json
from hybridops.web.answers import policy as answers
from hybridops.web.answers import sentence
from hybridops.web.context import reader
from hybridops.web.errors import page

TRY = Permission.MANAGE_POLICY
DAYS, BYTES_MAX, ROWS_MAX = 90, 64 * 1024, 20
REPLAY_DAYS, REPLAY_MAX = 30, 2_000
DELTAS = (0.0, 0.01, 0.05, 0.1)


@page(refusal="The policy is for people with a role in a team.")
@require_http_methods(["GET", "POST"])
def policy(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    check_may(user, Permission.SEE_RUNS)
    row, document = policy_in_force()
    rules = parse(document)
    tries = may(user, TRY)
    told = {
        "row": row,
        "answer": answers.answer(rules),
        "tiers": [(tier.name, answers.tier_words(tier)) for tier in rules.tiers],
        "rules": [
            (rule.name, sentence(in_words(rule.when)), answers.STRENGTHS[rule.strength])
            for rule in rules.rules
        ],
        "factors": answers.factor_rows(rules),
        "emergency": answers.break_glass_words(rules.break_glass),
        "regions": [(name, ", ".join(regions)) for name, regions in rules.data_regions.items()],
        "given_up": rules.fidelity_given_up,
        "tries": tries,
        "numbers": list(numbers(document)),
        "days": DAYS,
        **_replayed(user, rules.fidelity_given_up),
    }
    status = 200
    if request.method == "POST":
        if not tries:
            raise NotYours("A dry run is for those who look after the policy.")
        found, status = _tried(request, user, document)
        told |= found
    return render(request, "approvals/policy.html", told, status=status)


def _replayed(user: User, in_force: float, tried: float | None = None) -> dict[str, Any]:
    """The placements of the last days by the rule in force, by others, and by what is tried."""
    since = clock.now() - timedelta(days=REPLAY_DAYS)
    placements = weighed_since(user, since, limit=REPLAY_MAX)
    deltas = sorted({*DELTAS, in_force, *([] if tried is None else [tried])})
    marks = {in_force: "in force"} | ({} if tried in (None, in_force) else {tried: "tried"})
    asked = sum(one.asked for one in placements)
    return {
        "weighed": answers.weighed(len(placements), asked, REPLAY_DAYS),
        "replayed": [(replay(placements, delta=d), marks.get(d, "")) for d in deltas] if placements else [],
    }


def _tried(request: HttpRequest, user: User, document: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The dry run of what was sent, or what is wrong with it, with every value kept."""
    kept: dict[str, Any] = {"text": request.POST.get("text", "")}
    try:
        candidate = _candidate(request, document)
        run = _run(user, candidate, document)
    except BadInput as problem:
        where = f" (at {problem.field})" if problem.field else ""
        return {**kept, "problem": f"This is no policy: {problem}{where}."}, 422
    given_up = parse(candidate).fidelity_given_up
    rows = [
        (one.request, answers.outcome(one.before), answers.outcome(one.after)) for one in run.moved[:ROWS_MAX]
    ]
    shown = {"would": answers.would(run, DAYS), "rows": rows, "more": len(run.moved) - len(rows)}
    shown |= _replayed(user, parse(document).fidelity_given_up, given_up)
    return {**kept, **shown, "numbers": list(numbers(candidate))}, 200


def _run(user: User, candidate: Mapping[str, Any], document: Mapping[str, Any]) -> DryRun:
    requests = recorded_since(user, clock.now() - timedelta(days=DAYS))
    return dry_run(requests, now=parse(document), candidate=parse(candidate))


def _candidate(request: HttpRequest, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A file, else the pasted text, else the policy in force with other numbers."""
    uploaded = request.FILES.get("file")
    data = uploaded.read(BYTES_MAX + 1) if uploaded else request.POST.get("text", "").strip().encode()
    if len(data) > BYTES_MAX:
        raise BadInput("it is larger than 64 KB")
    if data:
        found = read_json(data)
        if not isinstance(found, dict):
            raise BadInput("expected named fields")
        return found
    return with_numbers(document, request.POST)


def numbers(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every number of a policy that one may try to change: its path, what it is, its value."""
    for part in ("factors", "rules", "tiers", "break_glass"):
        yield from _numbers(document.get(part), part, part.rstrip("s").replace("_", "-"))


def _numbers(body: Any, path: str, label: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(body, Mapping):
        named = f"{label} {body['name']}" if "name" in body else label
        what = f"{named}: {body['fact'].replace('_', ' ')}" if "fact" in body else named
        for key, value in body.items():
            if key not in ("name", "fact", "of"):
                yield from _numbers(value, f"{path}.{key}", _label(what, str(key), body))
    elif isinstance(body, list):
        for at, value in enumerate(body):
            yield from _numbers(value, f"{path}.{at}", label)
    elif _is_number(body):
        yield path, label, str(body)


def _label(label: str, key: str, body: Mapping[str, Any]) -> str:
    if key in ("when", "need"):
        return label
    of = f" {body['of']}" if "of" in body else ""
    return f"{label}{of} {key.replace('_', ' ')}"


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and value.replace(".", "", 1).isdecimal())


def with_numbers(document: Mapping[str, Any], sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with the numbers that were sent in place of its own."""
    body: Any = copy.deepcopy(dict(document))
    for path, _, value in numbers(document):
        fresh = str(sent.get(path, value)).strip()
        if fresh == value:
            continue
        *way, last = path.split(".")
        at = body
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        at[last] = int(fresh) if isinstance(at[last], int) and fresh.isdecimal() else fresh
    return dict(body)
