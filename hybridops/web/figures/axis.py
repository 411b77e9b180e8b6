"""The folded time axis: compute keeps its scale, waits over 30 s shrink to one width.

Pure arithmetic on seconds; knows nothing of SVG. Positions are percent of the drawing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

FOLD_OVER = 30.0  # seconds
FOLD_WIDTH = 6.2  # percent, for each folded wait
FOLDS_AT_MOST = 55.0  # percent, for all of them together
FLOOR = 0.9  # percent, so that four seconds of binding can still be seen


@dataclass(frozen=True, slots=True)
class Axis:
    cuts: tuple[float, ...]
    places: tuple[float, ...]
    folds: tuple[bool, ...]  # one for each stretch between two cuts

    def at(self, second: float) -> float:
        """Where a moment stands, in percent, held inside the drawing."""
        if second <= self.cuts[0]:
            return self.places[0]
        if second >= self.cuts[-1]:
            return self.places[-1]
        i = bisect_right(self.cuts, second) - 1
        share = (second - self.cuts[i]) / (self.cuts[i + 1] - self.cuts[i])
        return self.places[i] + share * (self.places[i + 1] - self.places[i])


@dataclass(frozen=True, slots=True)
class Span:
    start: float
    end: float
    busy: bool  # somebody computes; a stretch with a busy span is never folded


def linear(start: float, end: float) -> Axis:
    """True time."""
    return Axis((start, max(end, start + 1.0)), (0.0, 100.0), (False,))


def folded(spans: Sequence[Span]) -> Axis:
    cuts = sorted({s.start for s in spans} | {s.end for s in spans})
    if len(cuts) < 2:
        at = cuts[0] if cuts else 0.0
        return linear(at, at + 1.0)
    busy = _busy(cuts, spans)
    lengths = [b - a for a, b in pairwise(cuts)]
    folds = [length > FOLD_OVER and not works for length, works in zip(lengths, busy, strict=True)]
    return Axis(tuple(cuts), _places(lengths, folds), tuple(folds))


def _busy(cuts: Sequence[float], spans: Sequence[Span]) -> list[bool]:
    """Which stretches have somebody computing: a running count over starts and ends."""
    change = dict.fromkeys(cuts, 0)
    for span in spans:
        if span.busy and span.end > span.start:
            change[span.start] += 1
            change[span.end] -= 1
    working, out = 0, []
    for cut in cuts[:-1]:
        working += change[cut]
        out.append(working > 0)
    return out


def _places(lengths: Sequence[float], folds: Sequence[bool]) -> tuple[float, ...]:
    many = sum(folds)
    plain = len(lengths) - many
    width = min(FOLD_WIDTH, FOLDS_AT_MOST / many) if many else 0.0
    if not plain:
        width = 100.0 / many
    floor = min(FLOOR, 40.0 / plain) if plain else 0.0
    spare = 100.0 - many * width - plain * floor
    total = sum(n for n, fold in zip(lengths, folds, strict=True) if not fold) or 1.0
    places, x = [0.0], 0.0
    for length, fold in zip(lengths, folds, strict=True):
        x += width if fold else floor + spare * length / total
        places.append(x)
    return tuple(100.0 * p / x for p in places)
