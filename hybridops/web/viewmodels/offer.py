"""A preview in the words of the form: the rows of backends, and what stands beside the button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hybridops.domain import clock
from hybridops.domain.advice import undisturbed
from hybridops.domain.money import from_micro
from hybridops.domain.ports import Estimate
from hybridops.engine.preview import Choice, Preview
from hybridops.web import fmt
from hybridops.web.answers import counted, sentence
from hybridops.web.answers.submit import Told, agreement
from hybridops.web.figures import CostRange, Figure, cost_range, stave_small
from hybridops.web.viewmodels.money import QuoteLine
from hybridops.web.viewmodels.prediction import predicted


@dataclass(frozen=True, slots=True)
class Pick:
    """One radio row. `blocked` rows cannot be chosen and say why."""

    value: str
    name: str
    kind: str
    price: str
    words: str
    checked: bool
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class BudgetAfter:
    name: str
    free: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody has to agree, and what would make it needless."""

    why: str
    lower: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Everything beside the button; `button` is the consequence of pressing it.

    `stops_at` is what is charged at most where the vendor ends jobs after a time.
    """

    told: Told
    lines: list[QuoteLine]
    classical: Decimal
    range: Figure
    stave: Figure
    book: str
    dated: date | None
    assumptions: tuple[str, ...]
    stops_at: Decimal | None
    agreement: str
    by_policy: bool
    reasons: list[Reason]
    passed: int
    budgets: list[BudgetAfter]
    over_cap: bool
    cap: Decimal
    cap_that_fits: Decimal
    button: str
    lapses_at: datetime
    answered_in: float | None
    waits: str
    digest: str


def offer_of(seen: Preview, *, answer_seconds: float | None, now: datetime) -> Offer:
    quote, assessment = seen.chosen.quote, seen.chosen.assessment
    score = predicted(seen, answer_seconds=answer_seconds, now=now)
    told = _told(seen, max((bar.end for bar in score.bars), default=None))
    fired = [factor for factor in assessment.factors if factor.fired] if assessment else []
    cap = from_micro(seen.wanted.cost_max_micro)
    return Offer(
        told=told,
        lines=[
            QuoteLine(line.what, line.quantity, line.unit, line.price, line.amount)
            for line in (quote.lines if quote else ())
        ],
        classical=seen.classical_usd,
        range=cost_range(_range(seen, cap)),
        stave=stave_small(score),
        book=quote.price_book if quote else "",
        dated=quote.dated if quote else None,
        assumptions=quote.assumptions[1:] if quote else (),
        stops_at=quote.cap if quote and quote.cap > quote.high else None,
        agreement=agreement(told),
        by_policy=assessment is not None and assessment.by_policy,
        reasons=[Reason(factor.why, factor.lower) for factor in sorted(fired, key=lambda f: -f.points)],
        passed=len(assessment.factors) - len(fired) if assessment else 0,
        budgets=[_after(row.name, row.free_micro, seen.high_usd) for row in seen.budgets],
        over_cap=seen.over_cap,
        cap=cap,
        cap_that_fits=seen.cap_that_fits,
        button=_button(seen),
        lapses_at=seen.lapses_at,
        answered_in=answer_seconds,
        waits=_queue(seen.chosen),
        digest=seen.digest,
    )


def _range(seen: Preview, cap: Decimal) -> CostRange:
    quote = seen.chosen.quote
    return CostRange(quote.low, quote.likely, quote.high, cap) if quote else CostRange(None, None, None, cap)


def _told(seen: Preview, done: datetime | None) -> Told:
    assessment = seen.chosen.assessment
    return Told(
        likely=seen.likely_usd,
        high=seen.qpu_high_usd,
        reviewers=assessment.reviewers if assessment else 0,
        finance=assessment.finance if assessment else 0,
        backend=seen.chosen.backend.name,
        done=done,
        deadline=seen.wanted.deadline,
        cap=from_micro(seen.wanted.cost_max_micro) if seen.over_cap else None,
    )


def _after(name: str, free_micro: int, cost: Decimal) -> BudgetAfter:
    free = from_micro(free_micro)
    return BudgetAfter(name, free, free - cost)


def _button(seen: Preview) -> str:
    """The consequence, with the amount where money moves."""
    asks = seen.chosen.assessment is not None and not seen.chosen.assessment.by_policy
    if seen.over_cap:
        return f"Raise the cap to {fmt.money(seen.cap_that_fits)} and {'ask' if asks else 'start'}"
    return "Ask for approval" if asks else "Start now"


def picks_of(seen: Preview) -> list[Pick]:
    """The scheduler's choice first, then each backend, those that cannot take the work last."""
    asked = seen.wanted.backend
    free = sum(not choice.blocked for choice in seen.choices)
    priced = "the cheapest" if asked else seen.chosen.backend.name
    first = Pick(
        value="",
        name="Let the scheduler choose",
        kind="",
        price="",
        words=f"The shortest wait within {fmt.percent(seen.fidelity_given_up)} of the best expected success, "
        f"once the circuit is compiled. {_of(free, len(seen.choices))}. Priced here as {priced}.",
        checked=not asked,
    )
    return [first, *(_pick(choice, asked, seen.estimate) for choice in seen.choices)]


def _of(free: int, every: int) -> str:
    return f"{free} of {every} backends can take it"


def _pick(choice: Choice, asked: str, need: Estimate) -> Pick:
    backend, quote = choice.backend, choice.quote
    if choice.blocked or quote is None:
        return Pick(
            backend.name, backend.name, backend.kind, "–", f"Not possible: {choice.blocked}.", False, True
        )
    shut = f"{sentence(choice.shut)}: it waits, or goes elsewhere." if choice.shut else ""
    parts = [shut, _queue(choice), _age(choice), _success(choice, need), _needs(choice)]
    return Pick(
        value=backend.name,
        name=backend.name,
        kind=backend.kind,
        price=fmt.money(quote.likely),
        words=" ".join(part for part in parts if part),
        checked=backend.name == asked,
    )


def _queue(choice: Choice) -> str:
    ahead, wait = choice.backend.queue_length, choice.backend.wait_seconds
    if ahead is None and wait is None:
        return "Queue not reported."
    if not ahead and not wait:
        return "Starts at once."
    jobs = "Jobs ahead not reported" if ahead is None else sentence(f"{counted(ahead, 'job')} ahead")
    return (
        f"{jobs}, {'wait not reported' if wait is None else f'about {fmt.duration(wait)}'}{_mostly(choice)}."
    )


def _mostly(choice: Choice) -> str:
    """What nine in ten looks at this queue did not exceed, where that is more than half of them did not."""
    half, most = choice.waits.quantile(0.5), choice.waits.quantile(0.9)
    return f"; 9 in 10 times at most {fmt.duration(most)}" if half != most else ""


def _age(choice: Choice) -> str:
    if choice.backend.kind == "ideal simulator":
        return "Exact, noise-free."
    moment = choice.backend.calibrated_at
    return (
        "Calibration not reported." if moment is None else f"Calibrated {fmt.relative(moment, clock.now())}."
    )


def _success(choice: Choice, need: Estimate) -> str:
    """From the closed form and the median error, where the backend tells one."""
    error = choice.backend.calibration.get("two_qubit_error")
    return f"About {fmt.percent(undisturbed(error, need))} of shots undisturbed." if error else ""


def _needs(choice: Choice) -> str:
    if choice.assessment is None:
        return ""
    people = choice.assessment.reviewers + choice.assessment.finance
    return "No approval." if not people else f"Needs {'one person' if people == 1 else f'{people} people'}."
