"""What a stage function looks at: one run with its machines, read once, and the doors to the world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.artifacts.services import fetch
from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Fenced, NotYours
from hybridops.domain.ports import SampleSet
from hybridops.domain.states import SubmissionState
from hybridops.domain.workflow import Definition, StageSpec
from hybridops.experiments.books import Book
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.experiments.transitions import token_again
from hybridops.teams import stage_tokens


@dataclass(slots=True)
class Context:
    """`sending` is the ordinal whose attempt this very execution wrote down: only it may be sent."""

    book: Book
    run: Run
    stage: Stage
    spec: StageSpec
    stages: dict[str, Stage]
    submissions: list[Submission]
    actor: Actor
    token: str
    sending: int | None = None

    def act_for(self, run_id: int) -> None:
        """Raises NotYours unless this stage's token is for that run, Fenced where its lease is lost."""
        try:
            stage_tokens.check(self.token, run=run_id, stage=self.stage.key, fence=self.stage.fence)
        except stage_tokens.Ended:
            self.token = token_again(self.stage)

    def fetch(self, digest: str) -> bytes:
        """The bytes of an artifact of this run; those of another are not there for this stage."""
        self.act_for(self.run.pk)
        if digest not in self._own():
            raise NotYours(f"Artifact {digest[:16]} is not one of {self.run}.")
        return fetch(digest)

    def _own(self) -> set[str]:
        made = {
            name for stage in self.stages.values() for name in stage.summary.get("artifacts", {}).values()
        }
        return {self.run.plan["data"], *made, *(row.result for row in self.submissions)}

    def definition(self) -> Definition:
        """Verified again at every use; raises Unsigned."""
        return workflow_by_digest(self.run.plan["definition"])

    def family(self) -> str:
        """The workflow's code, as planned at submit; the gate and the QPU stage verify the definition itself."""
        return str(self.run.plan["family"])

    def results(self) -> Mapping[str, Mapping[str, Any]]:
        """The summaries of the stages that this one follows, near and far, by key."""
        before = self._before(self.spec.key)
        return {key: stage.summary for key, stage in self.stages.items() if key in before and stage.summary}

    def _before(self, key: str) -> set[str]:
        needs: set[str] = set(self.stages[key].spec["needs"])
        return needs.union(*(self._before(need) for need in needs))

    def by_kind(self, kind: str) -> Stage | None:
        return next((stage for stage in self.stages.values() if stage.spec["kind"] == kind), None)

    def summary_with(self, name: str) -> Mapping[str, Any]:
        """The summary that has a field, from whichever stage made it; empty where none has."""
        return next((s.summary for s in self.stages.values() if name in s.summary), {})

    def retrieved(self) -> list[Submission]:
        """Those whose samples are here, in order."""
        return [row for row in self.submissions if row.state == SubmissionState.RETRIEVED]

    def samples(self) -> list[SampleSet]:
        """Every retrieved sample set, in order."""
        return [SampleSet(**json.loads(self.fetch(row.result))) for row in self.retrieved()]


def of(book: Book, actor: Actor, token: str) -> Context:
    """What the stage claimed in a book looks at, and the token with which it acts."""
    stage = book.claimed
    if stage is None:
        raise Fenced("No stage was claimed.")
    submissions = [book.submissions[ordinal] for ordinal in sorted(book.submissions)]
    return Context(book, book.run, stage, stage.described(), book.stages, submissions, actor, token)
