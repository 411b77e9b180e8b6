"""What a stage function looks at: one run with its machines, read once, and the doors to the world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.artifacts.services import fetch
from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Fenced
from hybridops.domain.ports import SampleSet
from hybridops.domain.states import SubmissionState
from hybridops.domain.workflow import Definition, StageSpec
from hybridops.experiments.books import Book
from hybridops.experiments.models import Run, Stage, Submission


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
    sending: int | None = None

    def definition(self) -> Definition:
        """Verified again at every use; raises Unsigned."""
        return workflow_by_digest(self.run.plan["definition"])

    def family(self) -> str:
        """The workflow's code, as planned at submit; the gate and the QPU stage verify the definition itself."""
        return str(self.run.plan["family"])

    def results(self) -> Mapping[str, Mapping[str, Any]]:
        """The summaries of every ended stage, by key."""
        return {key: stage.summary for key, stage in self.stages.items() if stage.summary}

    def by_kind(self, kind: str) -> Stage | None:
        return next((stage for stage in self.stages.values() if stage.spec["kind"] == kind), None)

    def summary_with(self, name: str) -> Mapping[str, Any]:
        """The summary that has a field, from whichever stage made it; empty where none has."""
        return next((s.summary for s in self.stages.values() if name in s.summary), {})

    def samples(self) -> list[SampleSet]:
        """Every retrieved sample set, in order."""
        done = [row for row in self.submissions if row.state == SubmissionState.RETRIEVED]
        return [SampleSet(**json.loads(fetch(row.result))) for row in done]


def of(book: Book, actor: Actor) -> Context:
    """What the stage claimed in a book looks at."""
    stage = book.claimed
    if stage is None:
        raise Fenced("No stage was claimed.")
    submissions = [book.submissions[ordinal] for ordinal in sorted(book.submissions)]
    return Context(book, book.run, stage, stage.described(), book.stages, submissions, actor)
