"""Angles of gates: numbers, or sums that wait for the values of a template's inputs.

A sum has terms, each a product or quotient of numbers and pi, with at most one input among its factors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

ANGLE_MAX = 1e6  # radians; beyond it a double no longer says which angle is meant
NAME = r"[A-Za-z_]\w*"
# No pattern here can match one text in two ways: reading takes linear time whatever the text.
_FACTOR = rf"(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|{NAME})"
_SUM = re.compile(rf"\s*[-+]?\s*{_FACTOR}(?:\s*[-+*/]\s*{_FACTOR})*\s*")
_STEP = re.compile(rf"([-+*/]?)\s*({_FACTOR})")


class Unread(Exception):
    """Why a piece of somebody's text is refused."""


class Linear(NamedTuple):
    """constant + the sum of factor × input, in radians; inputs in the order of their names, no factor zero."""

    constant: float
    factors: tuple[tuple[str, float], ...]

    def at(self, values: Mapping[str, float]) -> float:
        return self.constant + sum(factor * values[name] for name, factor in self.factors)


type Angle = float | Linear


def linear(constant: float, factors: Mapping[str, float]) -> Angle:
    """A plain number where no input is left."""
    kept = tuple((name, factors[name]) for name in sorted(factors) if factors[name])
    return Linear(constant, kept) if kept else constant


def read_angle(text: str, inputs: Collection[str]) -> Angle:
    """Raises Unread for what is not such a sum, or is too large."""
    if not _SUM.fullmatch(text):
        raise Unread(f"{shown(text)} is not an angle")
    factors: dict[str, float] = {"": 0.0}
    terms = _terms(text, inputs)
    for name, value in terms:
        factors[name] = factors.get(name, 0.0) + value
    if not all(abs(value) <= ANGLE_MAX for value in factors.values()):
        raise Unread(f"{shown(text)} is too large for an angle")
    return linear(factors.pop(""), factors)


def _terms(text: str, inputs: Collection[str]) -> list[tuple[str, float]]:
    """Each term as the name of its input, or nothing, and its value or factor."""
    found: list[tuple[str, float]] = []
    for sign, factor in _STEP.findall(text):
        name, value = _factor(factor, inputs)
        if not found or sign in ("+", "-"):
            found.append((name, -value if sign == "-" else value))
            continue
        input_, product = found[-1]
        if name and (input_ or sign == "/"):
            raise Unread(f"{shown(text)} is not linear in its inputs")
        found[-1] = (name or input_, _divided(product, value) if sign == "/" else product * value)
    return found


def _factor(text: str, inputs: Collection[str]) -> tuple[str, float]:
    if text == "pi":
        return "", math.pi
    if text in inputs:
        return text, 1.0
    if text[0].isalpha() or text[0] == "_":
        raise Unread(f"{shown(text)} is not an angle")
    return "", float(text)


def _divided(product: float, value: float) -> float:
    return product / value if value else math.inf


def written(angle: Angle) -> str:
    if not isinstance(angle, Linear):
        return repr(angle)
    terms = (f"{'-' if factor < 0 else '+'} {abs(factor)!r}*{name}" for name, factor in angle.factors)
    return " ".join([repr(angle.constant), *terms])


def shown(text: str) -> str:
    """A piece of somebody's file, short and in one line."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
