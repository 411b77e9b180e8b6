"""Everything a reviewer reads before deciding, gathered for one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from hybridops.approvals import breakglass, claims, comments, freezes, queries
from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.approvals.votes import assessment_of
from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain import clock
from hybridops.domain.errors import Unsigned
from hybridops.domain.money import from_micro
from hybridops.domain.presence import Method
from hybridops.domain.states import RequestState
from hybridops.domain.workflow import Definition
from hybridops.experiments.desk import runs_named
from hybridops.experiments.models import Run
from hybridops.experiments.queries import run_for
from hybridops.experiments.record import record_of
from hybridops.quotas.periods import today
from hybridops.quotas.queries import budgets_for
from hybridops.teams.access import may
from hybridops.teams.models import User
from hybridops.web import figures, fmt
from hybridops.web.answers import changes, listed
from hybridops.web.answers import decision as answers
from hybridops.web.viewmodels.needed import needed_of

UNATTENDED = (Method.SESSION, Method.REHEARSAL)


def dossier(user: User, request: ApprovalRequest) -> dict[str, Any]:
    run = run_for(user, request.envelope["run"])
    votes = list(queries.decisions_of(request))
    definition = _definition(request)
    last = queries.last_consumed(request)
    found, unchanged = _changes(user, request, run, last, definition)
    may = queries.may_decide(user, request)
    return {
        "asked": request,
        "run": run,
        "votes": votes,
        "may": may,
        "last": last,
        "changes": found,
        "unchanged": unchanged,
        "answer": answers.answer(request, votes, found, str(last) if last else ""),
        "missing": answers.missing_votes(request, votes),
        "why_not": "" if may else _why_not(user, request, votes),
        **_record(user, request),
        "now": clock.now(),
        **_reasons(request),
        **_policy(request),
        **_waiting(user, request),
        **_cost(request, run, last),
        **_evidence(request, run, definition),
        "digests": _digests(request),
    }


def _definition(request: ApprovalRequest) -> Definition | None:
    try:
        return workflow_by_digest(request.envelope["definition"])
    except Unsigned:  # retired since: the page says less, and the run will be refused
        return None


def _changes(
    user: User,
    request: ApprovalRequest,
    run: Run,
    last: ApprovalRequest | None,
    definition: Definition | None,
) -> tuple[list[changes.Change], int]:
    now = changes.Side(request.envelope, run.plan, run.experiment.snapshot.name)
    labels = changes.labels_of(definition) if definition else {}
    before = runs_named(user, [last.envelope["run"]]).get(last.envelope["run"]) if last else None
    if last is not None and before is not None:
        side = changes.Side(last.envelope, before.plan, before.experiment.snapshot.name)
        return changes.between(side, now, labels)
    return changes.against_defaults(definition, now) if definition else ([], 0)


def _why_not(user: User, request: ApprovalRequest, votes: list[Decision]) -> str:
    voted = any(vote.person_id == user.pk and vote.revision == request.revision for vote in votes)
    return answers.may_not(user.pk, request, queries.deciders(request), voted=voted)


def _record(user: User, request: ApprovalRequest) -> dict[str, Any]:
    record = record_of(user, request.envelope["definition"])
    return {"record": record, "record_spent": from_micro(record.spent_micro)}


def _reasons(request: ApprovalRequest) -> dict[str, Any]:
    factors = request.assessment["factors"]
    return {
        "fired": sorted((f for f in factors if f["fired"]), key=lambda f: -f["points"]),
        "passed": [f["name"] for f in factors if not f["fired"]],
    }


def _policy(request: ApprovalRequest) -> dict[str, Any]:
    """How the policy came to its answer: the tier, why, the rules that are met, under which bytes."""
    assessment = assessment_of(request)
    proofs = [method.value for method in assessment.step_up if method not in UNATTENDED]
    return {
        "assessment": assessment,
        "need": listed(answers.needed(one.of, one.count) for one in assessment.need),
        "proof": listed(proofs, last="or"),
        "override": assessment.to_override,
    }


def _waiting(user: User, request: ApprovalRequest) -> dict[str, Any]:
    """What happens around a request while it waits, and what an emergency left to be looked at."""
    pending = request.state == RequestState.PENDING
    frozen = freezes.standing(request.team_id) if pending else None
    emergency = breakglass.of(request)
    return {
        "held": (claims.is_held(request) and request.claimed_by) or None,
        "mine": claims.is_held(request) and request.claimed_by_id == user.pk,
        "frozen": freezes.words(frozen) if frozen else "",
        "nobody": answers.nobody_can(queries.missing_people(request)) if pending else "",
        "thread": comments.thread(request),
        "emergency": emergency,
        "review": emergency is not None and breakglass.is_due_from(user, emergency),
        "may_break": pending
        and user.pk not in request.involved
        and may(user, breakglass.USE, request.team_id),
    }


def _cost(request: ApprovalRequest, run: Run, last: ApprovalRequest | None) -> dict[str, Any]:
    cap = Decimal(request.envelope["cost_usd_max"])
    programs = request.evidence.get("programs", [])
    quote = programs[0]["quote"] if programs else {}
    low, likely, high = (Decimal(quote[key]) if quote else None for key in ("low", "likely", "high"))
    before = Decimal(last.envelope["cost_usd_max"]) if last else None
    lines = [_line(line) for line in quote.get("lines", [])]
    drawn = figures.cost_range(figures.CostRange(low, likely, high, cap, last=before))
    return {
        "cap": cap,
        "range": drawn,
        "lines": lines,
        "quote": quote,
        "budgets": _budgets(request, run, cap),
    }


def _line(line: dict[str, str]) -> dict[str, str]:
    """Quantity times price gives the amount, as one can check by eye."""
    quantity, price = Decimal(line["quantity"]), Decimal(line["price"])
    each = fmt.money(price) if price == round(price, 2) else fmt.price(price)
    unit = line["unit"] if line["unit"] == "s" else ""
    words = f"{fmt.number(quantity, unit)} {fmt.TIMES} {each}"
    return {"what": line["what"], "words": words, "amount": fmt.money(quantity * price)}


def _budgets(request: ApprovalRequest, run: Run, cap: Decimal) -> list[dict[str, Any]]:
    """What each budget has free now and, where the cap is reached, afterwards."""
    project = run.experiment.project_id
    backend = request.envelope["programs"][0]["backend"]
    rows = budgets_for(team_id=request.team_id, project_id=project, backend=backend, on=today())
    free = ((row, from_micro(row.free_micro)) for row in rows)
    return [
        {"budget": row, "free": left, "after": max(Decimal(0), left - cap), "short": cap > left}
        for row, left in free
    ]


def _evidence(request: ApprovalRequest, run: Run, definition: Definition | None) -> dict[str, Any]:
    """Baseline results as the run's stages recorded them, and the compiled circuits' numbers."""
    unit = definition.unit if definition else ""
    arms = [
        figures.Arm(stage.spec["label"], "gpu" if stage.spec["resource"] == "gpu" else "cpu", float(value))
        for stage in run.stages.order_by("id")
        if isinstance(value := stage.summary.get("objective"), int | float)
    ]
    programs = [
        {**body, "age": _age(body.get("calibrated_at")), "high": Decimal(body["quote"]["high"])}
        for body in request.evidence.get("programs", [])
    ]
    return {
        "domains": _domains(request.envelope["inputs"]),
        "baselines": figures.bars(figures.Arms(tuple(arms), unit)) if arms else None,
        "programs": programs,
        "needed": needed_of(request.evidence.get("control"), run.experiment.anyway),
        "unit": unit,
    }


def _domains(inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Inputs with one range in one row."""
    names: dict[tuple[float, float], list[str]] = {}
    for one in inputs:
        names.setdefault((one["low"], one["high"]), []).append(one["name"])
    return [{"low": low, "high": high, "names": ", ".join(found)} for (low, high), found in names.items()]


def _age(stamp: str | None) -> float | None:
    return None if stamp is None else (clock.now() - datetime.fromisoformat(stamp)).total_seconds()


def _digests(request: ApprovalRequest) -> list[tuple[str, str]]:
    """What the decision covers, in full."""
    body = request.envelope
    names = (("Circuit template", "template"), ("Plan", "plan"), ("Data", "data"), ("Workflow", "definition"))
    rows = [(label, body[key]) for label, key in (*names, ("Price book", "price_book"), ("Policy", "policy"))]
    rows.append(("Score, tier and facts", body["assessment"]))
    for one in body["programs"]:
        rows.append((f"Program for {one['backend']}", one["program"]))
        rows.append((f"Calibration of {one['backend']}", one["snapshot"]))
    return [("All of it", request.digest), *rows]
