"""What one submission of an approved envelope promises at most, and how many shots fit into what was approved; and
the key by which a provider knows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from hybridops.definitions.queries import price_book_by_digest
from hybridops.domain import work
from hybridops.domain.envelope import Envelope
from hybridops.domain.errors import Refused
from hybridops.domain.pricebook import PriceBook
from hybridops.domain.quotes import quote, shots_within
from hybridops.domain.rules import TIMED, takes_seconds
from hybridops.experiments.models import Run


def submission_key(run: Run, ordinal: int) -> str:
    """It follows from the run, so a provider can be asked for it without the submission's row."""
    return str(uuid5(NAMESPACE_URL, f"hybridops:{run.plan_digest}:{run.pk}:{ordinal}"))


def slot_cost(book_digest: str, bodies: Sequence[Mapping[str, Any]], *, shots: int, circuits: int) -> Decimal:
    """What one submission of so many shots in all costs at most, on the dearest of the approved backends."""
    return _dearest(price_book_by_digest(book_digest), bodies, shots=shots, circuits=circuits)


def _dearest(book: PriceBook, bodies: Sequence[Mapping[str, Any]], *, shots: int, circuits: int) -> Decimal:
    costs = []
    for body in bodies:
        rule = book.rule_for(body["provider"], body["backend"])
        asked = work.compiled(body, shots=shots, circuits=circuits)
        costs.append(quote(book, rule, asked, submissions_max=1).high)
    return max(costs, default=Decimal(0))


def slot_ms(book_digest: str, bodies: Sequence[Mapping[str, Any]], *, shots: int, circuits: int) -> int:
    """The QPU milliseconds of one submission at most, on the slowest of the approved backends, as they are known."""
    book, times = price_book_by_digest(book_digest), []
    for body in bodies:
        rule = book.rule_for(body["provider"], body["backend"])
        asked = work.compiled(body, shots=shots, circuits=circuits)
        times.append(takes_seconds(rule, asked) if rule.kind in TIMED else asked.seconds)
    return work.to_ms(max(times, default=Decimal(0)))


def affordable_shots(envelope: Envelope, bodies: Sequence[Mapping[str, Any]]) -> int:
    """The shots of each circuit of a submission so that all stay inside the envelope's shots and cost.

    Raises Refused where not one fits.
    """
    book, circuits = price_book_by_digest(envelope.price_book), envelope.bindings_max
    fits = shots_within(
        lambda shots: _dearest(book, bodies, shots=shots * circuits, circuits=circuits),
        room=envelope.cost_usd_max / envelope.submissions_max,
        most=envelope.shots_max // envelope.submissions_max // circuits,
    )
    if fits < 1:
        raise Refused(f"Not one shot fits into the approved ${envelope.cost_usd_max}.")
    return fits
