"""Angles as OpenQASM writes them: numbers, pi, + - * / and parentheses, read once and evaluated by hand.

An expression becomes a postfix program of numbers, names and operators; nothing is ever given to Python.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

from hybridops.workflows.openqasm_tokens import Tokens
from hybridops.workflows.text import Token

ANGLE_MAX = 1e6  # radians; beyond it a double no longer says which angle is meant
WORDS_MAX = 200
_NESTED_MAX = 30
_NUMBER = re.compile(r"[0-9.][0-9.]*(?:[eE][+-]?[0-9]{1,3})?")
_NEGATE = "negate"

type Angle = tuple[float | str, ...]


def read_angle(tokens: Tokens, names: Collection[str]) -> Angle:
    """The expression in sight as a postfix program; `names` are the gate's parameters. Raises BadInput."""
    program: list[float | str] = []
    _sum(tokens, names, program, 0)
    return tuple(program)


def evaluate(angle: Angle, values: Mapping[str, float], at: Token) -> float:
    """The value in radians; raises BadInput at the token `at` where it is not finite or too large."""
    stack: list[float] = []
    try:
        for word in angle:
            if isinstance(word, float):
                stack.append(word)
            elif word in values:
                stack.append(values[word])
            elif word == _NEGATE:
                stack.append(-stack.pop())
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(_apply(word, left, right))
    except ZeroDivisionError as problem:
        raise at.refuse("angles that divide by no zero") from problem
    (value,) = stack
    if not abs(value) <= ANGLE_MAX:
        raise at.refuse(f"angles from {-ANGLE_MAX:g} to {ANGLE_MAX:g} radians")
    return value


def _apply(sign: str, left: float, right: float) -> float:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def _sum(tokens: Tokens, names: Collection[str], program: list[float | str], nested: int) -> None:
    _product(tokens, names, program, nested)
    while tokens.now.text in ("+", "-"):
        sign = tokens.next().text
        _product(tokens, names, program, nested)
        program.append(sign)


def _product(tokens: Tokens, names: Collection[str], program: list[float | str], nested: int) -> None:
    _factor(tokens, names, program, nested)
    while tokens.now.text in ("*", "/"):
        sign = tokens.next().text
        _factor(tokens, names, program, nested)
        program.append(sign)


def _factor(tokens: Tokens, names: Collection[str], program: list[float | str], nested: int) -> None:
    negative = False
    while tokens.now.text in ("+", "-"):
        negative ^= tokens.next().text == "-"
    token = tokens.next()
    if len(program) >= WORDS_MAX or nested > _NESTED_MAX:
        raise token.refuse("a shorter angle; work it out and write the number")
    if token.text == "(":
        _sum(tokens, names, program, nested + 1)
        tokens.take(")")
    elif token.text in names:
        program.append(token.text)
    elif token.text == "pi":
        program.append(math.pi)
    elif _NUMBER.fullmatch(token.text):
        program.append(float(token.text))
    else:
        raise token.refuse("an angle made of numbers, pi, + - * / and parentheses")
    if negative:
        program.append(_NEGATE)
