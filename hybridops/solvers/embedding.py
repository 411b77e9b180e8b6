"""Stops as points: a plane layout where a file has none, features, and k-means. Kernels take `xp`."""

from __future__ import annotations

from typing import Any

import numpy as np

from hybridops.solvers.arrays import Array
from hybridops.solvers.problem import Floats, Ints, Problem


def plane_layout(distance: Ints) -> Floats:
    """Coordinates (n, 2) whose distances come near `distance`: classical scaling (Torgerson 1952)."""
    squared = distance.astype(float) ** 2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    axes = vectors[:, -2:][:, ::-1]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1)
    return np.asarray(axes * np.sqrt(np.maximum(values[-2:][::-1], 0)))


def coordinates_of(problem: Problem) -> Floats:
    """The problem's own coordinates, or a plane layout of its distances; shape (n, 2)."""
    return plane_layout(problem.distance) if problem.coordinates is None else problem.coordinates


def stop_features(problem: Problem, xp: Any = np) -> Array:
    """Shape (n - 1, 6), float64: x and y around the depot, direction, distance from it, load share.

    Geometry is divided by the farthest stop's distance, demand by the capacity: all within -1..1.
    """
    points = coordinates_of(problem)
    away = points[1:] - points[0]
    radius = np.hypot(away[:, 0], away[:, 1])
    unit = away / np.where(radius == 0, 1, radius)[:, None]
    load = problem.demand[1:] / problem.capacity
    reach = radius.max() or 1.0
    columns = np.column_stack((away / reach, unit / 2, radius / reach, load))
    return xp.asarray(columns, dtype=xp.float64)


def k_means(features: Array, clusters: int, xp: Any = np, rounds: int = 20) -> Array:
    """Cluster number of each row, shape (rows,): Lloyd (1982) from farthest-first centres; no chance."""
    chosen = [0]
    nearest = xp.sum((features - features[0, :][None, :]) ** 2, axis=1)
    while len(chosen) < min(clusters, features.shape[0]):
        chosen.append(int(xp.argmax(nearest)))
        away = xp.sum((features - features[chosen[-1], :][None, :]) ** 2, axis=1)
        nearest = xp.minimum(nearest, away)
    centres = xp.stack([features[row, :] for row in chosen])
    for _ in range(rounds):
        member = _membership(features, centres, xp)
        count = xp.sum(member, axis=0)[:, None]
        moved = xp.matrix_transpose(member) @ features / xp.where(count == 0, xp.ones_like(count), count)
        centres = xp.where(count == 0, centres, moved)
    return xp.argmax(_membership(features, centres, xp), axis=1)


def _membership(features: Array, centres: Array, xp: Any) -> Array:
    """1.0 where a row's nearest centre is that column: shape (rows, k)."""
    squared = xp.sum(centres**2, axis=1)[None, :] - 2 * (features @ xp.matrix_transpose(centres))
    nearest = xp.argmin(squared, axis=1)
    return xp.astype(nearest[:, None] == xp.arange(centres.shape[0])[None, :], xp.float64)
