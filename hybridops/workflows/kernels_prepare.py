"""From a table to points: a held-out part that no choice ever sees, and features that are fitted without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridops.domain.ports import StepInput
from hybridops.solvers.problem import Floats, Ints
from hybridops.workflows.kernels_settings import settings_of
from hybridops.workflows.table_csv import Table, parse

HELD_OUT = 1 / 3
REACH = 3.0  # standard deviations: further out a component is cut off, so that angles have a range
_SPLIT = 1  # stream of the run's seed
_FLAT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """`components` are principal ones with variance 1, `columns` all standardised ones, fitted on the training rows.

    `train` and `test` are row numbers of the table, the test rows in an order whose every beginning has the classes
    in about their shares.
    """

    train: Ints
    test: Ints
    components: Floats
    columns: Floats
    labels: Ints

    @property
    def qubits(self) -> int:
        return int(self.components.shape[1])


def points_of(step: StepInput) -> Points:
    """The points of a run: they follow from its data, its features and its seed."""
    return prepared(parse(step.problem), settings_of(step.parameters).features, step.seed)


def prepared(table: Table, features: int, seed: int) -> Points:
    """The same of a table; at most as many components as it has columns."""
    train, test = _split(table.labels, (seed, _SPLIT))
    columns = _standardised(table.values, train)
    _, _, axes = np.linalg.svd(columns[train], full_matrices=False)
    axes = axes[:features]
    leading = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(len(axes)), leading])[:, None]  # else the sign is the library's
    components = np.clip(_standardised(columns @ axes.T, train), -REACH, REACH)
    return Points(train, test, components, columns, table.labels)


def _standardised(values: Floats, train: Ints) -> Floats:
    """Mean 0 and variance 1 over the training rows; a column that does not vary there is 0."""
    away = values - values[train].mean(axis=0)
    spread = values[train].std(axis=0)
    flat = spread <= _FLAT * max(1.0, float(np.abs(values[train]).max()))
    found: Floats = np.where(flat, 0.0, away / np.where(flat, 1.0, spread))
    return found


def _split(labels: Ints, seed: Sequence[int]) -> tuple[Ints, Ints]:
    """Training and test rows, each class in the same shares."""
    rng = np.random.default_rng(list(seed))
    train, ranked = [], []
    for label in (0, 1):
        members = rng.permutation(np.flatnonzero(labels == label))
        held = round(len(members) * HELD_OUT)
        train.append(members[held:])
        ranked += [((at + 0.5) / held, label, int(row)) for at, row in enumerate(members[:held])]
    test = np.array([row for _, _, row in sorted(ranked)], dtype=np.int64)
    return np.sort(np.concatenate(train)), test
