"""What differed, and did it matter?"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.money import from_micro
from hybridops.experiments.beside import Beside
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, listed, sentence

NAMED_MAX = 3


def answer(rows: Sequence[Beside], reference: Beside | None, differ: Sequence[str]) -> SafeString:
    """Whether they may be compared, what differs, and which was best and dearest."""
    if reference is None:
        return joined(["Pick two or more runs that used the same data."])
    strange = [row for row in rows if row.measure != reference.measure]
    if strange:
        odd = format_html(
            "{} used other data than {}, so only inputs and costs stand beside each other.",
            bold(str(strange[0].run)),
            str(reference.run),
        )
        return joined([odd, _inputs(differ)])
    return joined(
        [f"{sentence(counted(len(rows), 'run'))} on the same data.", _inputs(differ), _best(rows, reference)]
    )


def _inputs(differ: Sequence[str]) -> str:
    if not differ:
        return "Their inputs are the same."
    more = f" and {counted(len(differ) - NAMED_MAX, 'other input')}" if len(differ) > NAMED_MAX else ""
    named = [name.replace("_", " ").lower() for name in differ[:NAMED_MAX]]
    return f"They differ in {', '.join(named)}{more}." if more else f"They differ in {listed(named)}."


def _best(rows: Sequence[Beside], reference: Beside) -> str:
    known = [row for row in rows if row.told and row.told.quantum is not None]
    if not known:
        return "None has an answer from a QPU."
    best = min(known, key=lambda row: (row.told.quantum or 0.0, row.micro) if row.told else (0.0, 0))
    mark = reference.told.quantum if reference.told else None
    if best is reference or mark is None or best.told is None or best.told.quantum is None:
        return format_html("{} is the best of them.", bold(str(best.run)))
    if best.told.quantum == mark:
        return format_html("None is better than {}.", bold(str(reference.run)))
    change = (
        fmt.compare(100 * (best.told.quantum - mark) / abs(mark), "lower", "higher", places=2)
        if mark
        else "lower"
    )
    cost = fmt.money(from_micro(best.micro))
    return format_html(
        "{} is {} than {}, for {}.", bold(str(best.run)), bold(change), str(reference.run), cost
    )
