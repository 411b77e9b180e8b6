"""Is quantum helping?"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from hybridops.domain.helping import HELPING, NOT_HELPING, TOO_EARLY, UNCLEAR, Difference, Rule
from hybridops.evidence.verdict import Finding
from hybridops.web import fmt
from hybridops.web.answers import bold, counted, joined, listed, sentence

HEADLINES = {
    HELPING: "Yes",
    NOT_HELPING: "No",
    UNCLEAR: "Nobody can tell yet",
    TOO_EARLY: "Too early to say",
}
NO_RULE = "no rule was set"


def answer(rule: Rule | None, found: Finding | None, runs: int) -> SafeString:
    """The word, both differences that decide, and the price of what was gained."""
    if rule is None or found is None:
        seen = f"{sentence(counted(runs, 'pair'))} of runs stand below as they came." if runs else ""
        return joined(["No rule was set before data came in, so nothing is claimed.", seen])
    if not found.count:
        left = (
            f" {sentence(counted(len(found.excluded), 'pair'))} cannot be compared." if found.excluded else ""
        )
        return joined([f"Too early to say: no pair of {fmt.number(rule.pairs)} is there.{left}"])
    return joined([_verdict(rule, found), _price(found)])


def _verdict(rule: Rule, found: Finding) -> SafeString:
    pairs = f"over {counted(found.count, 'pair')}"
    if found.ruling.word == TOO_EARLY:
        pairs = f"over {fmt.number(found.count)} of {fmt.number(rule.pairs)} pairs"
    solver, bits = found.against["baseline"], found.against["random"]
    return format_html(
        "{}: {} it is {} the best classical solver and {} random bits treated alike.",
        bold(HEADLINES[found.ruling.word]),
        pairs,
        bold(than(solver)),
        than(bits),
    )


def than(found: Difference) -> str:
    """0.8 % worse than; as good as."""
    if found.estimate is None:
        return "not compared with"
    words = fmt.compare(-100 * found.estimate, "better", "worse", places=2)
    return "as good as" if words == "no difference" else f"{words} than"


def _price(found: Finding) -> str:
    if not found.spent:
        return "Its QPU time cost nothing."
    spent = fmt.money(found.spent)
    if found.price is None or found.price.value is None:
        return f"{spent} of QPU time gained nothing on the whole."
    return f"{spent} of QPU time: {fmt.money(found.price.value)} for one percent on one pair."


def overview(words: Sequence[tuple[str, str]]) -> SafeString:
    """`words`: title and verdict of each workflow, or no verdict where no rule is set."""
    if not words:
        return joined(["No workflow is signed, so there is nothing to judge."])
    helping = [title for title, word in words if word == HELPING]
    against = [title for title, word in words if word == NOT_HELPING]
    rest = len(words) - len(helping) - len(against)
    told = [
        format_html("Quantum is helping in {}.", bold(listed(helping)))
        if helping
        else "Quantum is shown to help nowhere so far."
    ]
    if against:
        told.append(format_html("In {} it does not.", listed(against)))
    if rest:
        told.append(f"{sentence(counted(rest, 'workflow'))} cannot be told yet.")
    return joined(told)


def report(workflow: str, runs: int, per_accepted: str, days: int) -> SafeString:
    if not runs:
        return joined([f"No run of {workflow} submitted in the last {days} days has ended."])
    return format_html(
        "{} of {} ended in {} days. {}",
        sentence(counted(runs, "run")),
        workflow,
        days,
        sentence(per_accepted),
    )
