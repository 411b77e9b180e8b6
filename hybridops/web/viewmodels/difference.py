"""Why this period cost more or less than the one before, as parts that add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from hybridops.domain.money import from_micro
from hybridops.domain.variance import Parts, Period, split
from hybridops.experiments.cells import Cell
from hybridops.web import figures, fmt


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    usd: Decimal
    what: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`parts` in the order in which they were taken; they add up to `after - before` exactly."""

    before: Decimal
    after: Decimal
    parts: tuple[Part, ...]

    @property
    def usd(self) -> Decimal:
        return self.after - self.before


_WHAT = (
    ("volume", "Volume", "more or fewer accepted solutions"),
    ("yields", "Yield", "more or fewer runs for each of them"),
    ("mix", "Mix", "where they ran"),
    ("price", "Price", "what a run costs at the same place"),
)


def difference(before: Iterable[Cell], now: Iterable[Cell]) -> Difference:
    """Between two periods, by backend."""
    old, new = _period(before), _period(now)
    found: Parts = split(old, new)
    parts = tuple(Part(name, from_micro(getattr(found, key)), what) for key, name, what in _WHAT)
    return Difference(from_micro(old.micro), from_micro(new.micro), parts)


def _period(cells: Iterable[Cell]) -> Period:
    by: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    accepted = 0
    for cell in cells:
        by[cell.keys["backend"]][0] += cell.runs
        by[cell.keys["backend"]][1] += cell.micro
        accepted += cell.accepted
    return Period(accepted, {place: (runs, micro) for place, (runs, micro) in by.items()})


def difference_figure(told: Difference) -> figures.Figure:
    rows = tuple(figures.Part(one.name, one.usd, _signed(one.usd), _fill(one.usd)) for one in told.parts)
    change = (
        "the same as"
        if not told.usd
        else f"{fmt.money(abs(told.usd))} {'more' if told.usd > 0 else 'less'} than"
    )
    sentence = (
        f"{fmt.money(told.after)} were spent, {change} {fmt.money(told.before)} in as long a time before."
    )
    table = [(one.name, _signed(one.usd), one.what) for one in told.parts]
    return figures.parts(rows, sentence, ("Part", "Change", "What it is"), table)


def _fill(usd: Decimal) -> str:
    return "t-no s-edge" if usd > 0 else "bar-pine"


def _signed(usd: Decimal) -> str:
    return f"+{fmt.money(usd)}" if usd > 0 else fmt.money(usd)
