"""Which kernel entries are measured, and in which order: every beginning of it is a whole, smaller experiment.

Points are numbered: landmarks from 0, then test points. An entry (i, j) is the kernel of point i with landmark j < i.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

TESTS_PER_LANDMARK = 3
TESTS_MIN = 5  # with fewer points a share right says nothing
LANDMARKS_MAX = 16

type Entry = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Target:
    """So many landmarks and test points, each of the latter against each of the former."""

    landmarks: int
    tests: int

    @property
    def entries(self) -> int:
        return self.landmarks * (self.landmarks - 1) // 2 + self.landmarks * self.tests


def target(budget: int, landmarks: int, tests: int) -> Target:
    """The most landmarks, of so many there are, with three test points each within a budget; then more test points."""
    fitting = [
        size
        for size in range(2, landmarks + 1)
        if Target(size, min(tests, TESTS_PER_LANDMARK * size)).entries <= budget
    ]
    most = max(fitting, default=2)
    return Target(most, min(tests, (budget - most * (most - 1) // 2) // most))


def order(wanted: Target) -> list[Entry]:
    """All entries of a target: with each landmark its pairs with those before it, and three more test points."""
    found: list[Entry] = []
    tests = 0
    for size in range(2, wanted.landmarks + 1):
        newest = size - 1
        found += [(newest, at) for at in range(newest)]
        found += [(wanted.landmarks + k, newest) for k in range(tests)]
        more = min(wanted.tests, TESTS_PER_LANDMARK * size)
        found += [(wanted.landmarks + k, at) for k in range(tests, more) for at in range(size)]
        tests = max(tests, more)
    rest = range(tests, wanted.tests)
    return [*found, *((wanted.landmarks + k, at) for k in rest for at in range(wanted.landmarks))]


def usable(wanted: Target, known: Collection[Entry]) -> tuple[int, list[int]]:
    """The landmarks and the test points (from 0) whose entries are all known, using as many entries as can be.

    0 and no test points where fewer than TESTS_MIN could be decided.
    """
    best: tuple[int, int, list[int]] = (0, 0, [])
    for size in range(2, wanted.landmarks + 1):
        if any((size - 1, at) not in known for at in range(size - 1)):
            break
        tests = [
            k for k in range(wanted.tests) if all((wanted.landmarks + k, at) in known for at in range(size))
        ]
        used = Target(size, len(tests)).entries
        if len(tests) >= TESTS_MIN and used >= best[0]:
            best = (used, size, tests)
    return best[1], best[2]
