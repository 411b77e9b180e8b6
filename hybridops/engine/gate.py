"""The gate: what exactly would be sent, what it may cost, why a person decides, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hybridops.approvals.queries import by_subject, missing_for
from hybridops.backends.services import known
from hybridops.definitions.queries import policy
from hybridops.domain import clock
from hybridops.domain.assess import Assessment, assess, stricter
from hybridops.domain.control import Control, control
from hybridops.domain.decide import missing_words
from hybridops.domain.envelope import Envelope, Input, Listed
from hybridops.domain.errors import Refused
from hybridops.domain.money import rounded
from hybridops.domain.policy import Policy
from hybridops.domain.risk import RiskFacts
from hybridops.domain.states import RequestState, RunState
from hybridops.engine.context import Context
from hybridops.engine.proposals import Ask, Done, Fall, Hold, Proposal, Reopen
from hybridops.engine.reach import reach_of, snapshot_of
from hybridops.engine.risks import facts_of, involved_with
from hybridops.engine.slots import slot_cost
from hybridops.experiments import conduct
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.experiments.transitions import Ending
from hybridops.trust.canonical import digest_of

_R = RequestState
DENIED_SECONDS = 1  # what the policy denies ends at once


def gate(ctx: Context) -> Proposal:
    """Asks once; then says what the answer means for the run."""
    request = by_subject(conduct.subject(ctx.run.pk))
    if request is None or request.state == _R.STALE:
        return _not_needed(ctx) or _ask(ctx)
    match request.state:
        case _R.PENDING:
            return Hold(conduct.APPROVAL)
        case _R.APPROVED | _R.CONSUMED:
            return Done({"request": request.pk, "digest": request.digest})
        case _R.EXPIRED:
            ending = Ending(RunState.EXPIRED, "Nobody decided in time. Nothing was charged for the QPU.")
            return Fall("nobody decided in time", ending)
    vote = request.decisions.exclude(verdict__in=("approve", "narrow")).order_by("-id").first()
    said = f"{vote.by}: {vote.reason}" if vote else request.state
    word = "asks for changes" if request.state == _R.CHANGES_REQUESTED else "said no"
    who = "The policy" if vote is not None and vote.person_id is None else "A reviewer"
    return Fall(f"{who} {word}", Ending(RunState.REFUSED, f"{who} {word}. {said}"))


def _not_needed(ctx: Context) -> Fall | None:
    """Nothing is asked and nothing is spent where a control does without, unless the run says why it goes on."""
    found = controlled(ctx)
    if found is None or found.needed or ctx.run.plan["anyway"]:
        return None
    why = f"QPU is not needed here: {found.why}"
    return Fall(f"a {why}", Ending(RunState.REFUSED, f"A {why}. Nothing was spent on one."))


def controlled(ctx: Context) -> Control | None:
    """What the controls reached, judged by the signed rule; None where the workflow has no such stage."""
    summary = ctx.summary_with("control")
    return control(ctx.definition().acceptance, summary["control"]) if summary else None


def _ask(ctx: Context) -> Ask | Reopen:
    definition, (rules, policy_digest) = ctx.definition(), policy()
    compiled = ctx.summary_with("programs")
    snapshot = snapshot_of(ctx.run.experiment.snapshot_id)
    where, involved = reach_of(snapshot, rules), involved_in(ctx.run, snapshot)
    if outside := next(filter(None, (where.why_not(body["region"]) for body in compiled["programs"])), ""):
        return Reopen(outside)
    first, *others = compiled["programs"]
    assessment = assess(_facts(ctx, first, snapshot), rules)
    _check_answerable(ctx, assessment, involved)
    if definition.submissions_max == 1:
        others = [body for body in others if Decimal(body["quote"]["high"]) < assessment.facts.cost_usd_max]
    listed = [first, *(body for body in others if _is_way_out(ctx, body, snapshot, assessment, rules))]
    lapses_at = _lapses_at(ctx.run, assessment)
    envelope = _envelope(
        ctx, definition.submissions_max, compiled, listed, policy_digest, assessment, lapses_at
    )
    return Ask(
        envelope=envelope,
        assessment=assessment,
        evidence=_evidence(ctx, listed),
        involved=involved,
        lapses_at=lapses_at,
        policy_name=f"{rules.name} v{rules.version}",
        summary={"score": assessment.score, "cost_max": str(envelope.cost_usd_max)},
    )


def _check_answerable(ctx: Context, assessment: Assessment, involved: frozenset[int]) -> None:
    """Raises Refused where too few distinct people could ever agree, and says who is missing."""
    team_id = ctx.run.experiment.project.team_id
    if missing := missing_for(assessment.need, team_id, involved):
        raise Refused(
            f"Nobody could approve this: the policy asks for {missing_words(missing)} than this team has "
            "beside the people who are involved."
        )


def _is_way_out(
    ctx: Context, body: Mapping[str, Any], snapshot: DataSnapshot, first: Assessment, rules: Policy
) -> bool:
    """Whether another compiled program may be listed: it asks for no more people than the first.

    With one submission it can only be what a reviewer narrows to, so only cheaper ones are asked about.
    """
    return not stricter(first, assess(_facts(ctx, body, snapshot), rules))


def _lapses_at(run: Run, assessment: Assessment) -> datetime:
    lapses = clock.now() + timedelta(seconds=assessment.lapses_after_seconds or DENIED_SECONDS)
    deadline = run.experiment.deadline
    return min(lapses, deadline) if deadline else lapses


def _envelope(
    ctx: Context,
    most: int,
    compiled: Mapping[str, Any],
    listed: list[dict[str, Any]],
    policy_digest: str,
    assessment: Assessment,
    lapses_at: datetime,
) -> Envelope:
    told, circuits = ctx.summary_with("circuit").get("circuit", {}), int(compiled["circuits"])
    shots = int(ctx.run.parameters["shots"]) * circuits
    return Envelope(
        run=ctx.run.pk,
        definition=ctx.run.plan["definition"],
        plan=ctx.run.plan_digest,
        data=ctx.run.plan["data"],
        template=compiled["template"],
        made_by=str(ctx.summary_with("angles").get("made_by", "bound before approval")),
        inputs=tuple(Input(name, *domain) for name, domain in sorted(told.get("inputs", {}).items())),
        bindings_max=circuits,
        programs=tuple(
            Listed(body["provider"], body["backend"], body["digest"], body["snapshot"], body["region"])
            for body in listed
        ),
        submissions_max=most,
        shots_max=shots * most,
        cost_usd_max=rounded(slot_cost(compiled["price_book"], listed, shots=shots, circuits=circuits))
        * most,
        price_book=compiled["price_book"],
        policy=policy_digest,
        assessment=digest_of(assessment.document()),
        not_after=lapses_at,
    )


def _facts(ctx: Context, first: Mapping[str, Any], snapshot: DataSnapshot) -> RiskFacts:
    """The same facts as the preview's, with the exact cost of the compiled program."""
    experiment = ctx.run.experiment
    backend = next(b for b in known() if (b.provider, b.name) == (first["provider"], first["backend"]))
    return facts_of(
        definition=ctx.run.plan["definition"],
        backend=backend,
        cost_usd=Decimal(first["quote"]["high"]),
        shots=int(ctx.run.parameters["shots"]) * int(ctx.summary_with("programs")["circuits"]),
        project=experiment.project,
        snapshot=snapshot,
        priority_class=experiment.priority_class,
        requester=ctx.run.requested_by,
        generated=bool(ctx.summary_with("circuit").get("circuit", {}).get("generated")),
    )


def involved_in(run: Run, snapshot: DataSnapshot) -> frozenset[int]:
    """Who had a hand in a run and therefore does not decide on it."""
    owner = run.experiment.owner_id
    others = [] if owner == run.requested_by_id else [run.experiment.owner]
    return involved_with(run.plan["definition"], snapshot, run.requested_by, *others)


def _evidence(ctx: Context, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """What reviewers see beside the hashes; pages read the rest from the run."""
    names = (
        "provider",
        "backend",
        "kind",
        "qubits",
        "depth",
        "two_qubit_gates",
        "fidelity",
        "calibrated_at",
        "quote",
    )
    found = controlled(ctx)
    told = {"control": found.document()} if found else {}
    return {"programs": [{name: body[name] for name in names} for body in listed], **told}
