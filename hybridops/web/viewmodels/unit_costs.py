"""The figures about money on the Cost page, each defined here and nowhere else: docs/figures.md says how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import F, Q

from hybridops.domain.money import from_micro
from hybridops.evidence import ratios
from hybridops.evidence.resampling import Estimate
from hybridops.experiments import unit_costs as sums
from hybridops.experiments.cells import Cell, ended
from hybridops.experiments.unit_costs import ACCEPTED, FINISHED, RETAINED_DAYS, TRIED, Block, Kept, Sums
from hybridops.teams.models import User
from hybridops.web import figures, fmt
from hybridops.web.viewmodels.benchmark import Line
from hybridops.web.viewmodels.evidence import SEED

_SPENT = Q(cost_micro__gt=0)
# Which runs stand behind a figure or a step: every one opens its list.
BEHIND: Mapping[str, Q] = {
    "loaded": _SPENT,
    "qpu": Q(qpu_micro__gt=0),
    "marginal": ACCEPTED,
    "improvement": TRIED,
    "success": FINISHED,
    **{f"kept{days}": ACCEPTED for days in RETAINED_DAYS},
    **{step: Q(lost=step) for step in sums.LOST},
    "lapsed": Q(outcome="expired"),
    "refused": Q(outcome="refused"),
    "late": Q(late=True),
}


@dataclass(frozen=True)
class Question:
    """Of whom and of whose runs: submitted from `since` on, of the kinds in `only`; `now` is when it is asked."""

    user: User
    teams: tuple[int, ...]
    since: datetime
    now: datetime
    only: Mapping[str, str]

    @cached_property
    def told(self) -> Sums:
        """The sums that several figures are made of, read once."""
        return sums.sums(ended(self.teams, self.since, only=self.only))

    def cohort(self, days: int) -> tuple[datetime, datetime]:
        """The same stretch of time, so many days earlier."""
        back = timedelta(days=days)
        return self.since - back, self.now - back


def lines(asked: Question, going: Iterable[Cell]) -> list[Line]:
    """Every figure with its n and interval; `going` are the cells of open runs, whose money is loaded in."""
    rows = asked.told.blocks
    open_ones = list(going)
    more = Block(
        sum(one.runs for one in open_ones), 0, 0, 0, 0, sum(one.micro for one in open_ones),
        sum(one.qpu_micro for one in open_ones), 0, 0, 0.0,
    )  # fmt: skip
    rows = [*rows, more] if open_ones else rows
    return [*_accepted(rows), *_bought(rows), *(_kept(asked, days) for days in RETAINED_DAYS)]


def _accepted(rows: Sequence[Block]) -> Iterable[Line]:
    accepted = sum(row.accepted for row in rows)
    told: tuple[tuple[str, str, Callable[[Block], int], str], ...] = (
        ("loaded", "Cost per accepted solution", lambda row: row.micro, "everything that every run cost"),
        ("qpu", "QPU part of it", lambda row: row.qpu_micro, "what vendors billed for all runs"),
        ("marginal", "An accepted run alone", lambda row: row.accepted_micro, "what the accepted runs cost"),
    )
    for key, name, amount, means in told:
        tries = 0 if key == "marginal" else sum(row.runs for row in rows)
        found = _over([amount(row) for row in rows], [row.accepted for row in rows], tries)
        spent = sum(map(amount, rows))
        words = f"{means}, {fmt.money(from_micro(spent))}, over {fmt.number(accepted)} accepted"
        n = sum(row.runs for row in rows) if tries else accepted
        yield Line(key, name, n, "runs" if tries else "accepted runs", found, "usd", words, _usd(spent))


def _bought(rows: Sequence[Block]) -> Iterable[Line]:
    tried, gain = sum(row.tried_micro for row in rows), sum(row.gain for row in rows)
    compared, pairs = sum(row.compared for row in rows), sum(row.pairs for row in rows)
    left = (
        f"; {fmt.number(pairs - compared)} pairs without a baseline gained nothing"
        if pairs > compared
        else ""
    )
    yield Line(
        "improvement", "Cost per 1 % better than the baseline", compared, "pairs",
        ratios.over([row.tried_micro / 1e6 for row in rows], [row.gain for row in rows], seed=SEED), "usd",
        f"what runs that were sent cost, {fmt.money(from_micro(tried))}, over {fmt.number(gain, places=1)} % gained on "
        f"the same data{left}", _usd(tried), "nothing gained",
    )  # fmt: skip
    spent, whole = sum(row.micro for row in rows), sum(row.finished for row in rows)
    yield Line(
        "success", "Cost per successful run", sum(row.runs for row in rows), "runs",
        _over([row.micro for row in rows], [row.finished for row in rows], sum(row.runs for row in rows)), "usd",
        f"the same money over {fmt.number(whole)} that were scored without a fallback", _usd(spent), "none succeeded",
    )  # fmt: skip


def _kept(asked: Question, days: int) -> Line:
    since, until = asked.cohort(days)
    found: list[Kept] = sums.kept(ended(asked.teams, since, until, asked.only), days, asked.now)
    runs, spent = sum(row.runs for row in found), sum(row.micro for row in found)
    stay, hits = sum(row.retained for row in found), sum(row.accepted for row in found)
    return Line(
        f"kept{days}", f"Cost per candidate retained {days} days", runs, "runs",
        _over([row.micro for row in found], [row.retained for row in found], runs), "usd",
        f"submitted {fmt.day(since)} to {fmt.day(until)}: {fmt.money(from_micro(spent))} over {fmt.number(stay)} of "
        f"{fmt.number(hits)} accepted that no better answer replaced", _usd(spent), "none retained",
    )  # fmt: skip


def _over(micro: Sequence[int], bought: Sequence[int], tries: int) -> Estimate:
    if not sum(bought):
        return Estimate(None, ratios.at_least(sum(micro) / 1e6, tries), None)
    return ratios.over([one / 1e6 for one in micro], bought, seed=SEED)


def _usd(micro: int) -> float | None:
    return micro / 1e6 or None


STEPS: Mapping[str, tuple[str, str]] = {
    "declined": ("Allowed", "declined, refused or lapsed"),
    "unsent": ("Sent to a backend", "nothing was sent"),
    "unanswered": ("Answered by it", "no answer came back"),
    "unaccepted": ("Accepted", "the rule did not accept it"),
    "replaced": ("Retained", "a better answer took its place"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step from submitted to retained: how many are left, how many stopped here, and what those had cost."""

    key: str
    name: str
    left: int
    lost: int
    usd: Decimal
    why: str


def steps(asked: Question) -> tuple[list[Step], Decimal]:
    """The ended runs of a view, and what the retained ones cost: with what was lost on the way, all their money."""
    told = asked.told.funnel
    left, found = sum(runs for runs, _ in told.values()), []
    found.append(Step("", "Submitted and ended", left, 0, Decimal(0), ""))
    for key, (name, why) in STEPS.items():
        lost, micro = told[key]
        left -= lost
        found.append(Step(key, name, left, lost, from_micro(micro), why))
    return found, from_micro(told["retained"][1])


def steps_figure(found: Sequence[Step]) -> figures.Figure:
    rows = tuple(
        figures.Part(one.name, one.left, f"{fmt.number(one.left)}{_lost(one)}", "bar-pine") for one in found
    )
    first, last = found[0].left, found[-1].left
    sentence = (
        f"Of {fmt.number(first)} ended runs {fmt.number(last)} gave a solution that nothing better replaced."
    )
    table = [(one.name, fmt.number(one.left), fmt.number(one.lost), fmt.money(one.usd)) for one in found]
    return figures.parts(rows, sentence, ("Step", "Left", "Stopped here", "Cost of those"), table)


def _lost(one: Step) -> str:
    return f", {fmt.number(one.lost)} stopped: {fmt.money(one.usd)}" if one.lost else ""


@dataclass(frozen=True, slots=True)
class Delay:
    """What deciding late or with no cost, and the way to its runs."""

    key: str
    name: str
    runs: int
    usd: Decimal


def delays(asked: Question) -> list[Delay]:
    told = asked.told.undecided
    rows = (
        ("lapsed", "Lapsed while they waited for a decision", told.lapsed),
        ("refused", "Declined or refused", told.declined),
        ("late", "Ended after their deadline", told.late),
    )
    return [Delay(key, name, runs, from_micro(micro)) for key, name, (runs, micro) in rows]


@dataclass(frozen=True, slots=True)
class QuoteError:
    """Of one backend: what bills came to as a share of what was promised for them, and how many exceeded it."""

    backend: str
    bills: int
    promised: Decimal
    billed: Decimal
    share: Estimate
    above: int


def quote_errors(asked: Question) -> list[QuoteError]:
    """By backend, of the submissions that ended in the period; every team and project whose costs are seen."""
    told = sums.quoted(asked.user, asked.since, asked.now)
    return [
        QuoteError(
            backend, len(rows), from_micro(sum(asks for asks, _ in rows)), from_micro(sum(got for _, got in rows)),
            ratios.over(*_groups(rows), seed=SEED), sum(got > asks for asks, got in rows),
        )
        for backend, rows in sorted(told.items())
    ]  # fmt: skip


def _groups(rows: Sequence[tuple[int, int]]) -> tuple[list[float], list[float]]:
    """Bills and promises in at most 64 groups, for the interval."""
    groups = [rows[at :: sums.BLOCKS] for at in range(min(sums.BLOCKS, len(rows)))]
    return (
        [sum(got for _, got in group) / 1e6 for group in groups],
        [sum(asks for asks, _ in group) / 1e6 for group in groups],
    )


@dataclass(frozen=True, slots=True)
class Run:
    """A run behind a figure, and what it cost."""

    run: int
    title: str
    state: str
    backend: str
    made_at: datetime
    usd: Decimal
    qpu_usd: Decimal


def behind(asked: Question, key: str, most: int | None) -> tuple[list[Run], int]:
    """The ended runs behind a figure or a step, the newest first, and how many there are."""
    since, until = asked.cohort(int(key[4:])) if key.startswith("kept") else (asked.since, None)
    rows = ended(asked.teams, since, until, asked.only).annotate(lost=sums.where_lost()).filter(BEHIND[key])
    columns = ("run_id", "run__experiment__title", "outcome", "backend", "made_at", "cost_micro", "qpu_micro")
    found = rows.order_by(F("made_at").desc(), "-run_id").values_list(*columns)
    told = [
        Run(pk, title, outcome, backend or "no QPU", made, from_micro(micro), from_micro(qpu))
        for pk, title, outcome, backend, made, micro, qpu in (found[:most] if most else found)
    ]
    return told, rows.count()
