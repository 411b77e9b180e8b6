"""Which variables of a QUBO to search together: those that may gain as a group although none gains alone.

Flipping a set S adds sum_i c_i + sum_{i<j} d_i d_j q_ij, with c_i what flipping i alone costs and d_i = 1 - 2 x_i. At
a local optimum every c_i is at least 0, so only pairs whose second part is below 0 relieve anything: a group is
worth searching where they are large against the costs. No search is made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hybridops.solvers.arrays import Array, to_numpy
from hybridops.solvers.problem import Floats
from hybridops.solvers.qubo import Bits, Qubo

METHOD = "groups grown by how far flips relieve each other, against what they cost"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """`members` (g, m) variables of each group in order of joining; `relief`, `cost` and `score` (g,), best first."""

    members: npt.NDArray[np.intp]
    relief: Floats
    cost: Floats
    score: Floats


def flip_costs(qubo: Qubo, bits: Bits) -> Floats:
    """What each flip alone adds to the energy of `bits` (n,), shape (n,)."""
    x = bits.astype(float)
    slope = qubo.linear + qubo.symmetric() @ x
    found: Floats = (1 - 2 * x) * slope
    return found


def groups(qubo: Qubo, bits: Bits, size: int, xp: Any = np, *, starts: int = 64) -> Groups:
    """Groups of min(size, n), each grown from one of the `starts` variables that flip cheapest for their relief.

    A group takes in the variable that it relieves most beyond that one's own cost. `score` is all relief inside less
    the cost of all; equal sets are listed once. All groups grow side by side: O(size starts n) on `xp`.
    """
    turned = 1 - 2 * bits.astype(float)
    relief = np.maximum(-qubo.symmetric() * turned[:, None] * turned[None, :], 0)
    cost, total = flip_costs(qubo, bits), relief.sum(axis=1)
    ease = np.where(total > 0, cost / np.where(total > 0, total, 1.0), np.inf)
    order = np.argsort(ease, kind="stable")
    members = to_numpy(_grown(xp.asarray(relief), xp.asarray(cost), xp.asarray(order[:starts]), size, xp))
    unique = np.unique(np.sort(members, axis=1), axis=0, return_index=True)[1]
    members = members[np.sort(unique)]
    inside = np.array([relief[np.ix_(rows, rows)].sum() / 2 for rows in members])
    paid = cost[members].sum(axis=1)
    best = np.argsort(paid - inside, kind="stable")
    return Groups(members[best], inside[best], paid[best], (inside - paid)[best])


def _grown(relief: Array, cost: Array, starts: Array, size: int, xp: Any) -> Array:
    """(g, m): each row begins with its start."""
    n = cost.shape[0]
    drawn = xp.take(relief, starts, axis=0) - cost[None, :]
    taken = xp.arange(n)[None, :] == starts[:, None]
    members = [starts]
    for _ in range(min(size, n) - 1):
        chosen = xp.argmax(xp.where(taken, xp.asarray(-np.inf), drawn), axis=1)
        members.append(chosen)
        taken = taken | (xp.arange(n)[None, :] == chosen[:, None])
        drawn = drawn + xp.take(relief, chosen, axis=0)
    return xp.stack(members, axis=1)
