"""What work costs once it is done: measured seconds for classical work, a provider's usage for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.definitions.queries import price_book_by_digest
from hybridops.domain import work
from hybridops.domain.actors import Actor
from hybridops.domain.errors import Refused
from hybridops.domain.money import measured_seconds, to_micro
from hybridops.domain.ports import Usage
from hybridops.domain.pricebook import PriceBook
from hybridops.domain.quotes import compute_lines
from hybridops.domain.rules import bill
from hybridops.domain.states import SubmissionState
from hybridops.domain.workflow import Definition
from hybridops.experiments import conduct
from hybridops.experiments.models import Stage, Submission
from hybridops.quotas.models import Reservation

MARGIN = 4


def classical_micro(book: PriceBook, *, cpu_seconds: float, gpu_seconds: float) -> int:
    """What is promised for classical work at submit: the estimate with a margin, since stages may repeat."""
    lines = compute_lines(book, cpu_seconds=cpu_seconds * MARGIN, gpu_seconds=gpu_seconds * MARGIN)
    return sum(to_micro(line.amount) for line in lines)


def seconds_max(definition: Definition) -> tuple[float, float]:
    """(CPU, GPU) seconds that the stages may take at most by their signed deadlines."""
    cpu = sum(spec.seconds_max for spec in definition.stages if spec.resource == "cpu")
    gpu = sum(spec.seconds_max for spec in definition.stages if spec.resource == "gpu")
    return cpu, gpu


def settle_submission(row: Submission, usage: Usage, actor: Actor) -> None:
    """Books a provider's final usage by the price book of the quote, and by the program that was sent."""
    held = Reservation.objects.get(key=row.reservation)
    rule = price_book_by_digest(held.price_book).rule_for(row.provider, row.backend)
    failed = row.state in (SubmissionState.FAILED, SubmissionState.CANCELLED)
    asked = work.compiled(_program(row), shots=row.shots, circuits=max(1, len(row.bindings)))
    cost = bill(rule, asked, usage, failed=failed)
    conduct.settle(
        submission=row,
        billed_micro=to_micro(cost),
        shots=usage.shots,
        qpu_ms=work.to_ms(measured_seconds(usage.qpu_seconds)),
        actor=actor,
    )


def _program(row: Submission) -> Mapping[str, Any]:
    """What the compile stage said of the program; raises Refused where no stage describes it."""
    for summary in Stage.objects.filter(run_id=row.run_id).values_list("summary", flat=True):
        for body in summary.get("programs", ()):
            if (body["provider"], body["backend"], body["digest"]) == (
                row.provider,
                row.backend,
                row.program,
            ):
                return dict(body)
    raise Refused(f"No stage describes the program of {row}, so it cannot be priced.")
