"""What the figures about money are made of: sums over ended runs, by block of data sets, for intervals.

docs/figures.md says what each figure is. Everything is in micro-dollars and counts; nothing is divided here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Case,
    CharField,
    Count,
    DateTimeField,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Abs, Coalesce

from hybridops.domain.states import RunState
from hybridops.experiments.models import Submission
from hybridops.experiments.outcome import AGAIN, PAIR, Outcome
from hybridops.quotas.queries import billed_of
from hybridops.teams.access import check_may, teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission

BLOCKS = 64  # data sets are drawn again in this many groups
SEEN_MAX = 1_000  # bills for the error of quotes, the newest
RETAINED_DAYS = (7, 30, 90)
ACCEPTED = Q(outcome=RunState.ACCEPTED)
FINISHED = Q(outcome__in=(RunState.ACCEPTED, RunState.NOT_ACCEPTED))
TRIED = Q(counts__in=(PAIR, AGAIN))
COMPARED = Q(counts=PAIR, baseline__isnull=False) & ~Q(baseline=0.0)


@dataclass(frozen=True, slots=True)
class Block:
    """Ended runs on some of the data sets. `gain`: improvement over the baseline in percent, added up over pairs;
    a pair without an answer gained nothing.
    """

    runs: int
    accepted: int
    finished: int
    compared: int
    pairs: int
    micro: int
    qpu_micro: int
    accepted_micro: int
    tried_micro: int
    gain: float


@dataclass(frozen=True, slots=True)
class Undecided:
    """What runs cost that people declined, that lapsed while they waited, and that came after their deadline."""

    declined: tuple[int, int]
    lapsed: tuple[int, int]
    late: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sums:
    """The ended runs of a view by block, by the step at which they stopped, and by what deciding cost."""

    blocks: list[Block]
    funnel: dict[str, tuple[int, int]]
    undecided: Undecided


class Adding:
    """Sums as they grow, part by part: of days that were added up and of runs."""

    def __init__(self) -> None:
        self.blocks: dict[int, list[Sequence[Any]]] = defaultdict(list)
        self._funnel = dict.fromkeys(LOST, (0, 0))
        self._kinds = dict.fromkeys(("declined", "lapsed", "late"), (0, 0))

    def block(self, block: int, row: Sequence[Any]) -> None:
        self.blocks[block].append(row)

    def step(self, lost: str, refused: int, overdue: int, told: tuple[int, int]) -> None:
        self._funnel[lost] = _more(self._funnel[lost], told)
        if lost == "declined":
            name = "declined" if refused else "lapsed"
            self._kinds[name] = _more(self._kinds[name], told)
        if overdue:
            self._kinds["late"] = _more(self._kinds["late"], told)

    def runs(self, rows: QuerySet[Outcome]) -> None:
        """Adds ended runs, read in one pass."""
        for block, lost, refused, overdue, *row in by_kind(rows):
            self.block(block, row)
            self.step(lost, refused, overdue, (row[0], row[5]))

    def sums(self) -> Sums:
        # In the order of their blocks: an interval is drawn by their places.
        blocks = [Block(*map(sum, zip(*rows, strict=True))) for _, rows in sorted(self.blocks.items())]
        return Sums(blocks, self._funnel, Undecided(**self._kinds))


def by_kind(rows: QuerySet[Outcome], *first: str, **more: Aggregate) -> QuerySet[Outcome, tuple[Any, ...]]:
    """Rows of (what comes `first`, block, step, refused, late), the columns of Block, then `more`."""
    gained = 100 * (F("baseline") - Coalesce("quantum", "baseline")) / Abs(F("baseline"))
    told = rows.order_by().annotate(
        block=F("snapshot_id") % BLOCKS, lost=where_lost(), refused=_REFUSED, overdue=_LATE
    )
    return told.values_list(*first, "block", "lost", "refused", "overdue").annotate(
        n=Count("*"),
        hits=Count("pk", filter=ACCEPTED),
        whole=Count("pk", filter=FINISHED),
        known=Count("pk", filter=COMPARED),
        of=Count("pk", filter=Q(counts=PAIR)),
        micro=Sum("cost_micro"),
        qpu=Sum("qpu_micro"),
        good=Sum("cost_micro", filter=ACCEPTED, default=0),
        tried=Sum("cost_micro", filter=TRIED, default=0),
        gain=Sum(gained, filter=COMPARED, default=0.0, output_field=FloatField()),
        **more,
    )


def _more(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    return one[0] + two[0], one[1] + two[1]


@dataclass(frozen=True, slots=True)
class Kept:
    """Runs of a block that had ended `days` days ago, those accepted, and those of them that nothing replaced since."""

    runs: int
    accepted: int
    retained: int
    micro: int


class _Later(Func):
    """A moment so many days later. SQLite would call Python for it, once a row."""

    output_field = DateTimeField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        later = f"(%(expressions)s + INTERVAL '{self.extra['days']:d} days')"
        return self.as_sql(compiler, connection, template=later)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, values = compiler.compile(self.source_expressions[0])
        return f"(DATE({sql}, '+{self.extra['days']:d} days') || SUBSTR({sql}, 11))", (*values, *values)


def stayed(days: int) -> Q:
    """Whether an accepted run's answer was neither replaced nor its data removed within `days` of its end."""
    until = _Later(F("ended_at"), days=days)
    stands = Q(replaced_at=None) | Q(replaced_at__gt=until)
    there = Q(snapshot__removed_at=None) | Q(snapshot__removed_at__gt=until)
    return ACCEPTED & stands & there


def kept_runs(rows: QuerySet[Outcome], days: int, now: datetime) -> QuerySet[Outcome, tuple[Any, ...]]:
    """Rows of block and the columns of Kept, of the runs that ended at least `days` ago: only of these it is known."""
    ripe = rows.filter(ended_at__lte=now - timedelta(days=days))
    return (
        ripe.order_by()
        .annotate(block=F("snapshot_id") % BLOCKS)
        .values_list("block")
        .annotate(
            n=Count("*"),
            hits=Count("pk", filter=ACCEPTED),
            stay=Count("pk", filter=stayed(days)),
            micro=Sum("cost_micro"),
        )
    )


LOST = ("declined", "unsent", "unanswered", "unaccepted", "replaced", "retained")
_NOT_LET = (RunState.REFUSED, RunState.EXPIRED)
_REFUSED = Case(When(outcome=RunState.REFUSED, then=Value(1)), default=Value(0), output_field=IntegerField())
_LATE = Case(When(late=True, then=Value(1)), default=Value(0), output_field=IntegerField())


def where_lost() -> Case:
    """The step at which a run stopped; an accepted one is retained unless another took its place by now."""
    gone = Q(replaced_at__isnull=False) | Q(snapshot__removed_at__isnull=False)
    return Case(
        When(ACCEPTED & gone, then=Value("replaced")),
        When(ACCEPTED, then=Value("retained")),
        When(outcome__in=_NOT_LET, then=Value("declined")),
        When(sent=0, then=Value("unsent")),
        When(quantum=None, then=Value("unanswered")),
        default=Value("unaccepted"),
        output_field=CharField(),
    )


def quoted(user: User, since: datetime, until: datetime) -> dict[str, list[tuple[int, int]]]:
    """Of each backend (worst case that was promised, bill with its corrections) of the newest billed submissions."""
    check_may(user, Permission.SEE_COSTS)
    teams = teams_with(user, Permission.SEE_COSTS).values("pk")
    rows = Submission.objects.filter(settled=True, ended_at__gte=since, ended_at__lt=until)
    sent = rows.filter(run__experiment__project__team__in=teams).order_by("-ended_at")
    bill = {
        name: Subquery(billed_of(OuterRef("reservation")).values(name))
        for name in ("amount_micro", "settled_micro")
    }
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for backend, asked, billed in sent.annotate(**bill).values_list("backend", *bill)[:SEEN_MAX]:
        if asked is not None:
            found[backend].append((asked, billed or 0))
    return dict(found)
