"""Distances exactly as TSPLIB 95 defines them: whole numbers, with its own nint, pi and earth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np
import numpy.typing as npt

from hybridops.domain.errors import BadInput
from hybridops.solvers.problem import Floats, Ints
from hybridops.workflows.text import Token

WEIGHT_MAX = 10**8
FORMATS = ("FULL_MATRIX", "LOWER_DIAG_ROW", "UPPER_DIAG_ROW", "LOWER_ROW", "UPPER_ROW")


def euc_2d(points: Floats) -> Ints:
    """nint of the straight distance; points (n, 2) to (n, n)."""
    return _nint(_straight(points))


def ceil_2d(points: Floats) -> Ints:
    """The straight distance rounded up."""
    return np.ceil(_straight(points)).astype(np.int64)


def att(points: Floats) -> Ints:
    """The pseudo-Euclidean distance of att48 and att532: sqrt(d^2 / 10), never rounded down."""
    real = np.sqrt(_squared(points) / 10)
    return np.ceil(real).astype(np.int64)


def geo(points: Floats) -> Ints:
    """Kilometres on a sphere of 6378.388 km; coordinates are degrees.minutes, pi is 3.141592."""
    degrees = np.trunc(points)
    radians = 3.141592 * (degrees + 5 * (points - degrees) / 3) / 180
    latitude, longitude = radians[:, 0], radians[:, 1]
    q1 = np.cos(longitude[:, None] - longitude[None, :])
    q2 = np.cos(latitude[:, None] - latitude[None, :])
    q3 = np.cos(latitude[:, None] + latitude[None, :])
    angle = np.arccos(np.clip(((1 + q1) * q2 - (1 - q1) * q3) / 2, -1, 1))
    distance: Ints = np.trunc(6378.388 * angle + 1).astype(np.int64)
    np.fill_diagonal(distance, 0)
    return distance


METRICS: dict[str, Callable[[Floats], Ints]] = {
    "EUC_2D": euc_2d,
    "CEIL_2D": ceil_2d,
    "ATT": att,
    "GEO": geo,
}


def weight_matrix(
    layout: str, dimension: int, found: Iterable[Token], refuse: Callable[[str], BadInput]
) -> Ints:
    """A symmetric matrix (n, n) from EDGE_WEIGHT_SECTION's values in row order.

    Raises BadInput for a wrong count, a value that is no whole number from 0 to 10^8, an asymmetric
    matrix or a diagonal that is not 0; `refuse` makes the error where the section ended.
    """
    rows, columns = _places(layout, dimension)
    stream = iter(found)
    values = [token.whole("an edge weight", 0, WEIGHT_MAX) for token in islice(stream, len(rows))]
    if len(values) != len(rows):
        raise refuse(f"{len(rows)} edge weights for {layout}, found {len(values)},")
    if extra := next(stream, None):
        raise extra.refuse(f"no more than {len(rows)} edge weights for {layout}")
    matrix = np.zeros((dimension, dimension), dtype=np.int64)
    matrix[rows, columns] = values
    if layout == "FULL_MATRIX":
        if (matrix != matrix.T).any():
            raise refuse("a symmetric matrix: the same way there and back,")
    else:
        matrix = np.maximum(matrix, matrix.T)
    if matrix.diagonal().any():
        raise refuse("0 on the diagonal of the edge weights")
    return matrix


def _places(layout: str, n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    if layout == "FULL_MATRIX":
        rows, columns = np.divmod(np.arange(n * n), n)
        return rows, columns
    below, diagonal = layout.startswith("LOWER"), "DIAG" in layout
    if below:
        return np.tril_indices(n, k=0 if diagonal else -1)
    return np.triu_indices(n, k=0 if diagonal else 1)


def _squared(points: Floats) -> Floats:
    away = points[:, None, :] - points[None, :, :]
    return np.asarray((away**2).sum(axis=2))


def _straight(points: Floats) -> Floats:
    return np.sqrt(_squared(points))


def _nint(values: Floats) -> Ints:
    return np.floor(values + 0.5).astype(np.int64)
