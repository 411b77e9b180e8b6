"""What has moved between an approval and its use. Whatever did, the question is asked again."""

from __future__ import annotations

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.votes import EMERGENCY, assessment_of
from hybridops.backends.services import known
from hybridops.definitions.queries import policy, price_book
from hybridops.domain.assess import assess, stricter
from hybridops.domain.envelope import Envelope
from hybridops.domain.errors import Refused
from hybridops.engine.reach import held_tighter, snapshot_of
from hybridops.experiments.conduct import recalibrated
from hybridops.experiments.models import Run
from hybridops.trust.canonical import digest_of


def check_same(run: Run, envelope: Envelope) -> None:
    """Raises Refused where the run is not, byte for byte, the one that was asked about."""
    plan = run.plan
    asked = (envelope.run, envelope.plan, envelope.definition, envelope.data)
    if (run.pk, digest_of(plan), plan["definition"], plan["data"]) != asked:
        raise Refused("The run is not the one that was approved: its plan, workflow or data is another.")


def drift(request: ApprovalRequest, envelope: Envelope) -> str:
    """What is no longer as it was approved, in words, or nothing: price, calibration, a stricter
    policy, data that is held tighter.
    """
    if price_book()[1] != envelope.price_book:
        return "the price book has changed since the approval"
    seen = {(backend.provider, backend.name): backend for backend in known()}
    for listed in envelope.programs:
        backend = seen.get((listed.provider, listed.backend))
        if backend is not None and backend.digest != listed.snapshot:
            return recalibrated(listed.backend)
    run = Run.objects.select_related("experiment").get(pk=envelope.run)
    snapshot = snapshot_of(run.experiment.snapshot_id)
    facts = assessment_of(request).facts
    return held_tighter(snapshot, facts) or _stricter(request, envelope.policy)


def _stricter(request: ApprovalRequest, approved_under: str) -> str:
    """The kept facts under the policy in force. An emergency was not a matter of tiers, only of what is denied."""
    rules, digest = policy()
    if digest == approved_under:
        return ""
    before = assessment_of(request)
    now = assess(before.facts, rules)
    if request.decisions.filter(verdict=EMERGENCY).exists():
        return now.denied
    return stricter(before, now)
