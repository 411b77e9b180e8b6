"""What the figures about money are made of: sums over ended runs, by block of data sets, for intervals.

docs/figures.md says what each figure is. Everything is in micro-dollars and counts; nothing is divided here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
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
SEEN_MAX = 2_000  # bills for the error of quotes, the newest
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


def blocks(rows: QuerySet[Outcome]) -> list[Block]:
    """One row a block of data sets, in one question."""
    gained = 100 * (F("baseline") - Coalesce("quantum", "baseline")) / Abs(F("baseline"))
    told = _by_block(rows).annotate(
        n=Count("pk"),
        hits=Count("pk", filter=ACCEPTED),
        whole=Count("pk", filter=FINISHED),
        known=Count("pk", filter=COMPARED),
        of=Count("pk", filter=Q(counts=PAIR)),
        micro=Sum("cost_micro"),
        qpu=Sum("qpu_micro"),
        good=Sum("cost_micro", filter=ACCEPTED, default=0),
        tried=Sum("cost_micro", filter=TRIED, default=0),
        gain=Sum(gained, filter=COMPARED, default=0.0, output_field=FloatField()),
    )
    return [Block(*row[1:]) for row in told]


def _by_block(rows: QuerySet[Outcome]) -> QuerySet[Outcome, Any]:
    return rows.order_by().annotate(block=F("snapshot_id") % BLOCKS).values_list("block")


@dataclass(frozen=True, slots=True)
class Kept:
    """Runs of a block that had ended `days` days ago, those accepted, and those of them that nothing replaced since."""

    runs: int
    accepted: int
    retained: int
    micro: int


def stayed(days: int) -> ExpressionWrapper[Any]:
    """Whether an accepted run's answer was neither replaced nor its data removed within `days` of its end."""
    until = F("ended_at") + timedelta(days=days)
    stands = Q(replaced_at=None) | Q(replaced_at__gt=until)
    there = Q(snapshot__removed_at=None) | Q(snapshot__removed_at__gt=until)
    return ExpressionWrapper(ACCEPTED & stands & there, output_field=BooleanField())


def kept(rows: QuerySet[Outcome], days: int, now: datetime) -> list[Kept]:
    """By block, of the runs that ended at least `days` ago: only of these it is known."""
    ripe = rows.filter(ended_at__lte=now - timedelta(days=days)).annotate(stayed=stayed(days))
    told = _by_block(ripe).annotate(
        n=Count("pk"),
        hits=Count("pk", filter=ACCEPTED),
        stay=Count("pk", filter=Q(stayed=True)),
        micro=Sum("cost_micro"),
    )
    return [Kept(*row[1:]) for row in told]


LOST = ("declined", "unsent", "unanswered", "unaccepted", "replaced", "retained")
_NOT_LET = (RunState.REFUSED, RunState.EXPIRED)


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


def funnel(rows: QuerySet[Outcome]) -> dict[str, tuple[int, int]]:
    """(runs, micro-dollars) of each step at which runs stopped; together they are all of them."""
    told = rows.order_by().annotate(lost=where_lost()).values_list("lost")
    found = {lost: (n, micro) for lost, n, micro in told.annotate(n=Count("pk"), micro=Sum("cost_micro"))}
    return {step: found.get(step, (0, 0)) for step in LOST}


@dataclass(frozen=True, slots=True)
class Undecided:
    """What runs cost that people declined, that lapsed while they waited, and that came after their deadline."""

    declined: tuple[int, int]
    lapsed: tuple[int, int]
    late: tuple[int, int]


def undecided(rows: QuerySet[Outcome]) -> Undecided:
    """(runs, micro-dollars) of each."""
    conditions = {
        "declined": Q(outcome=RunState.REFUSED),
        "lapsed": Q(outcome=RunState.EXPIRED),
        "late": Q(late=True),
    }
    counts = {f"n_{name}": Count("pk", filter=one) for name, one in conditions.items()}
    sums = {f"m_{name}": Sum("cost_micro", filter=one, default=0) for name, one in conditions.items()}
    told: Mapping[str, int] = rows.aggregate(**counts, **sums)
    return Undecided(**{name: (told[f"n_{name}"], told[f"m_{name}"]) for name in conditions})


def quoted(user: User, since: datetime, until: datetime) -> dict[str, list[tuple[int, int]]]:
    """Of each backend (worst case that was promised, bill with its corrections) of the newest billed submissions."""
    check_may(user, Permission.SEE_COSTS)
    teams = teams_with(user, Permission.SEE_COSTS).values("pk")
    rows = Submission.objects.filter(settled=True, ended_at__gte=since, ended_at__lt=until)
    sent = rows.filter(run__experiment__project__team__in=teams).order_by("-ended_at")
    where = dict(sent.values_list("reservation", "backend")[:SEEN_MAX])
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for key, asked, billed in billed_of(where):
        found[where[key]].append((asked, billed))
    return dict(found)
