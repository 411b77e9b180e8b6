"""What a call may set: parameters by their names, each within a range of its own inside the signed one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.workflow import Definition, Parameter

FIELD = "allowed"


def read(text: str, definition: Definition) -> dict[str, list[Any]]:
    """One parameter a line, `shots 100 to 500` or `ansatz ry, rx`; raises BadInput with the line that is wrong."""
    known = {one.name: one for one in definition.parameters}
    lines = [(n, line.split(maxsplit=1)) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    found: dict[str, list[Any]] = {}
    for number, (name, *rest) in lines:
        if name not in known:
            words = f"{definition.title} has no parameter {name}. There are {', '.join(known)}."
            raise BadInput(words, field=FIELD, line=number)
        try:
            found[name] = _range(known[name], rest[0] if rest else "")
        except BadInput as problem:
            raise BadInput(str(problem), field=FIELD, line=number) from problem
    return found


def _range(parameter: Parameter, text: str) -> list[Any]:
    if parameter.kind == "choice":
        return [parameter.check(one.strip()) for one in text.split(",")]
    low, to, high = text.partition(" to ")
    try:
        ends = [parameter.check(_number(low)), parameter.check(_number(high if to else low))]
    except ValueError as problem:
        raise BadInput(f"Say {parameter.name} as in: {parameter.name} 100 to 500.") from problem
    if ends[0] > ends[1]:
        raise BadInput(f"{parameter.name} goes from the smaller to the larger.")
    return ends


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value


def parameters(body: bytes, allowed: Mapping[str, list[Any]], definition: Definition) -> dict[str, Any]:
    """What a call sets; a CloudEvent says it in its data. Raises BadInput for a name or value that it may not."""
    given = _given(body)
    known = {one.name: one for one in definition.parameters}
    for name, value in given.items():
        if name not in allowed or name not in known:
            raise BadInput(
                "The call sets a parameter that this hook does not leave open.", field="parameters"
            )
        _check(known[name], value, allowed[name])
    return given


def _given(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body or b"{}")
        told = told.get("data") or {} if "specversion" in told else told
        given = told.get("parameters", {})
        if not isinstance(given, dict):
            raise TypeError
    except (ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise BadInput(
            'The body is JSON such as {"parameters": {"shots": 100}}.', field="parameters"
        ) from problem
    return given


def _check(parameter: Parameter, value: Any, open_to: list[Any]) -> None:
    if parameter.kind == "choice":
        if value not in open_to:
            raise BadInput(f"{parameter.name} is one of {', '.join(open_to)}.", field=parameter.name)
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not open_to[0] <= value <= open_to[1]:
        raise BadInput(f"{parameter.name} is from {open_to[0]} to {open_to[1]}.", field=parameter.name)
