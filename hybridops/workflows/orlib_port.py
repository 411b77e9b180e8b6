"""OR-Library's portfolio files: N, then a mean and a standard deviation an asset, then `i j correlation` rows.

Format: J. E. Beasley, OR-Library, "Portfolio optimisation: single period" (Chang, Meade, Beasley, Sharaiha
2000). Returns are weekly. Every pair i <= j is there once, in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hybridops.domain.errors import BadInput
from hybridops.solvers.markowitz import ASSETS_MAX, Market
from hybridops.solvers.problem import Floats
from hybridops.workflows.prices_csv import WEEKLY
from hybridops.workflows.text import Token, tokens

_OFF_ONE = 1e-6  # of a correlation with itself


def parse_port(lines: Sequence[str]) -> Market:
    """The market in an OR-Library file; raises BadInput with line and column. Assets are called 1, 2, ..."""
    words = (word for number, line in enumerate(lines, start=1) for word in tokens(line, number))
    end = max(1, len(lines))
    assets = _next(words, "the number of assets", end).whole("the number of assets", 2, ASSETS_MAX)
    rows = [
        (
            _next(words, "a mean return", end).number("a mean return", -1, 1),
            _next(words, "a standard deviation", end).number("a standard deviation", 0, 1),
        )
        for _ in range(assets)
    ]
    mean, deviation = np.array(rows).T
    correlation = _correlations(words, assets, end)
    if (extra := next(words, None)) is not None:
        raise extra.refuse("the end of the file")
    return Market(
        name="Portfolio",
        labels=tuple(str(number) for number in range(1, assets + 1)),
        mean=mean.copy(),
        covariance=correlation * np.outer(deviation, deviation),
        periods=WEEKLY,
        returns=None,
    )


def _correlations(words: Iterator[Token], assets: int, end: int) -> Floats:
    found = np.full((assets, assets), np.nan)
    for _ in range(assets * (assets + 1) // 2):
        first, second = (
            _next(words, "the number of an asset", end),
            _next(words, "the number of an asset", end),
        )
        i, j = (token.whole("an asset", 1, assets) - 1 for token in (first, second))
        token = _next(words, "a correlation", end)
        if not np.isnan(found[i, j]):
            raise first.refuse(f"a pair that was not given before, not {i + 1} {j + 1}")
        value = token.number("a correlation", -1, 1)
        if i == j and abs(value - 1) > _OFF_ONE:
            raise token.refuse("the correlation 1 of an asset with itself")
        found[i, j] = found[j, i] = value
    return found


def _next(words: Iterator[Token], what: str, end: int) -> Token:
    word = next(words, None)
    if word is None:
        raise BadInput(f"expected {what}, found the end of the file", line=end, column=1)
    return word
