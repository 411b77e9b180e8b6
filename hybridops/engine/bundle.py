"""One run with all its proofs in a file that an auditor checks without this installation."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from django.db import transaction

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.queries import all_about, decisions_of
from hybridops.audit import queries
from hybridops.audit.services import SEQUENCE_MAX, record, seal, sequence
from hybridops.definitions.models import SignedDocument
from hybridops.definitions.queries import signed_documents
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Refused
from hybridops.experiments.conduct import subject
from hybridops.experiments.models import Run
from hybridops.trust.bundle import event_file, write
from hybridops.trust.canonical import canonical
from hybridops.trust.envelopes import REFERS


def export(*, run: Run, actor: Actor, since: int = 0) -> bytes:
    """The run's bundle as of now, under a checkpoint that is signed for it; that it was taken is an event.

    `since` is the size of a checkpoint the auditor kept: the proof that the log only grew since is added.
    """
    while sequence() == SEQUENCE_MAX:
        pass
    seal()
    requests = list(all_about(subject(run.pk)))
    now = queries.state()
    if not now.signed:
        raise Refused("There is no signed checkpoint. Verify the log.")
    files = {"checkpoint": now.note.encode(), "plan.json": canonical(run.plan)}
    streams = [subject(run.pk)]
    for request in requests:
        streams.append(f"request:{request.pk}")
        files |= dict(_request(request))
    for number, row in enumerate(_documents(run, requests), 1):
        streams.append(f"document:{row.pk}")
        files[f"documents/{row.kind}-{number}.json"] = row.envelope.encode()
    proved = queries.proved(streams, now)
    for one in proved:
        name = event_file(one.stream, one.seq)
        files |= {f"{name}.json": one.body, f"{name}.tlog-proof": one.proof.encode()}
    files["texts.json"] = canonical(queries.texts_of(one.body for one in proved))
    if since and since != now.sealed:
        path = [base64.b64encode(one).decode() for one in queries.consistency(since, now)]
        files["consistency.json"] = canonical({"old": since, "path": path})
    with transaction.atomic():
        facts = {"run": run.pk, "checkpoint": now.sealed}
        record(stream="audit", action="audit.exported", actor=actor, facts=facts)
    return write(run.pk, files)


def _request(request: ApprovalRequest) -> Iterator[tuple[str, bytes]]:
    folder = f"requests/{request.pk}"
    yield f"{folder}/assessment.json", canonical(request.assessment)
    for revision in request.revisions.order_by("number"):
        yield f"{folder}/revision-{revision.number}.json", canonical(revision.envelope)
    for number, vote in enumerate(decisions_of(request), 1):
        yield f"{folder}/decision-{number}.json", canonical(vote.envelope)


def _documents(run: Run, requests: list[ApprovalRequest]) -> list[SignedDocument]:
    """The signed documents that the run and its approvals name by digest."""
    named = {("workflow", str(run.plan["definition"]))}
    for request in requests:
        named |= {(kind, str(request.envelope[field])) for kind, field in REFERS.items()}
    return signed_documents(sorted(named))
