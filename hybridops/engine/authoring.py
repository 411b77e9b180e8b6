"""What the doors call about drafts: out of a source, from what is in force, saved, tried, asked about.

A workflow's code comes with the product, so its digest is filled in here and never typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction

from hybridops.artifacts.services import store
from hybridops.definitions import drafts
from hybridops.definitions.models import Draft, SignedDocument
from hybridops.definitions.queries import in_force
from hybridops.definitions.services import verified
from hybridops.domain import clock
from hybridops.domain.errors import BadInput, Conflict, HybridopsError
from hybridops.domain.proposal import body_of, read_source
from hybridops.domain.states import DraftState
from hybridops.domain.workflow import Definition
from hybridops.engine import wiring
from hybridops.experiments.announce import call
from hybridops.teams.access import actor, check_may
from hybridops.teams.models import Team, User

TRY = "hybridops.engine.jobs.try_draft"


@transaction.atomic(savepoint=False)
def propose(*, user: User, team_id: int, filename: str, data: bytes) -> Draft:
    """A draft out of a notebook or script, with everything that was found in it. Nothing of it is run.

    Raises BadInput where it cannot be read, or where its header is not about a workflow that is in force.
    """
    check_may(user, drafts.WRITES["workflow"], team_id)
    source = read_source(filename, data)
    if not source.header:
        grave = next(one for one in source.findings if one.grave)
        raise BadInput(f"{grave.where}: {grave.what}; {grave.mend}.", field="source")
    base = str(source.header.get("based_on", "routing"))
    body = body_of(source.header, verified(in_force("workflow", base)), author=actor(user).key)
    return drafts.start(
        user=user,
        team_id=team_id,
        kind="workflow",
        body=completed("workflow", body),
        source=store(data, media_type="text/plain"),
        source_name=filename,
        findings=[asdict(finding) for finding in source.findings],
        why=f"imports {', '.join(source.imports)}" if source.imports else "",
    )


def from_force(*, user: User, team_id: int, kind: str, name: str) -> Draft:
    """A draft of the next version, equal to the one in force but for its number and, after an upgrade, its code."""
    check_may(user, drafts.WRITES.get(kind, drafts.WRITES["policy"]), team_id)
    body = completed(kind, verified(in_force(kind, name)))
    return drafts.start(user=user, team_id=team_id, kind=kind, body=body)


def save(*, user: User, draft_id: int, body: Mapping[str, Any], seen_revision: int) -> Draft:
    """A new revision; raises BadInput with the field, Conflict where somebody saved meanwhile."""
    kind = Draft.objects.values_list("kind", flat=True).get(pk=draft_id)
    try:
        return drafts.save(
            user=user, draft_id=draft_id, body=completed(kind, body), seen_revision=seen_revision
        )
    except (KeyError, TypeError) as problem:
        raise BadInput(f"The document is incomplete: {problem}.") from problem


def completed(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the digest of the code it would run."""
    if kind != "workflow":
        return dict(body)
    return {**body, "implementation": wiring.implementation(str(body.get("workflow", "")))}


@transaction.atomic(savepoint=False)
def start_trial(*, user: User, draft_id: int) -> None:
    """Asks a CPU worker for a dry run; raises Conflict while one goes on."""
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    drafts.check_writes(user, draft)
    if draft.kind != "workflow" or draft.state != DraftState.EDITED:
        raise Conflict("Only a workflow that is being edited is tried.")
    if draft.trial.get("state") == "running" and draft.trial.get("digest") == draft.digest:
        raise Conflict("It is being tried already.")
    asked = {"state": "running", "digest": draft.digest, "asked_at": clock.now().isoformat()}
    drafts.note_trial(draft_id=draft.pk, trial=asked)
    transaction.on_commit(lambda: call(TRY, draft.pk, queue="cpu"))


def prepare_reviews() -> list[Draft]:
    """After an upgrade: a draft for each workflow in force that was signed for other code, to be reviewed again."""
    made = []
    for row in SignedDocument.objects.filter(kind="workflow", state="active").order_by("id"):
        team = Team.objects.order_by("id").first()
        if team is None or not _is_for_other_code(row) or _is_drafted(row):
            continue
        why = "the code it runs has changed with an upgrade"
        body = completed("workflow", verified(row))
        made.append(drafts.start(user=None, team_id=team.pk, kind="workflow", body=body, why=why))
    return made


def _is_for_other_code(row: SignedDocument) -> bool:
    try:
        body = verified(row)
        return bool(body["implementation"] != wiring.implementation(body["workflow"]))
    except HybridopsError:
        return False  # it does not run for another reason, and says so


def _is_drafted(row: SignedDocument) -> bool:
    newer = SignedDocument.objects.filter(kind=row.kind, name=row.name, version__gt=row.version).exists()
    waiting = (DraftState.EDITED, DraftState.IN_REVIEW)
    return newer or Draft.objects.filter(kind=row.kind, name=row.name, state__in=waiting).exists()


def other_code(definition: Definition) -> str:
    """Why a signed workflow does not run here, or nothing: it was signed for other code than is installed."""
    if definition.implementation == wiring.implementation(definition.workflow):
        return ""
    return (
        f"{definition.title} v{definition.version} was signed for other code than runs here. "
        "It has to be reviewed and signed again."
    )
