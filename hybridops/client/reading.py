"""From JSON to the shapes of `shapes.py`: checked field by field, unknown fields left out for newer sites."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from hybridops.client.errors import BadAnswer


@cache
def _hints(shape: Any) -> dict[str, Any]:
    return get_type_hints(shape)


def read[T](shape: type[T], body: Any, where: str = "") -> T:
    """An object of a shape; raises BadAnswer with the place that is not as the API is described."""
    if not isinstance(body, dict):
        raise _wrong(where or shape.__name__, "is no object")
    hints, told = _hints(cast(Any, shape)), dict[str, Any]()
    for one in fields(cast(Any, shape)):
        place = f"{where}.{one.name}".lstrip(".")
        if not one.init:
            continue
        if one.name in body:
            told[one.name] = _value(hints[one.name], body[one.name], place)
        elif one.default is MISSING and one.default_factory is MISSING:
            raise _wrong(place, "is missing")
    return shape(**told)


def read_list[T](shape: type[T], body: Any, where: str = "items") -> list[T]:
    """A list of objects of a shape; raises BadAnswer."""
    return cast("list[T]", _value(list[shape], body, where))  # type: ignore[valid-type]


def _value(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        return value
    origin, inside = get_origin(hint), get_args(hint)
    if origin is UnionType:
        if value is None and NoneType in inside:
            return None
        return _value(next(one for one in inside if one is not NoneType), value, where)
    if origin is list:
        if not isinstance(value, list):
            raise _wrong(where, "is no list")
        return [_value(inside[0], one, f"{where}[{at}]") for at, one in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, "is no object")
        return {name: _value(inside[1], one, f"{where}.{name}") for name, one in value.items()}
    if is_dataclass(hint):
        return read(cast("type[Any]", hint), value, where)
    return _plain(hint, value, where)


def _plain(hint: Any, value: Any, where: str) -> Any:
    if hint in (Decimal, datetime, date):
        return _parsed(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        raise _wrong(where, f"is no {hint.__name__}")
    return value


def _parsed(hint: Any, value: Any, where: str) -> Any:
    try:
        if not isinstance(value, str) or len(value) > 64:
            raise ValueError
        found = Decimal(value) if hint is Decimal else hint.fromisoformat(value)
        if isinstance(found, Decimal) and not found.is_finite():
            raise ValueError
    except (ValueError, InvalidOperation):
        raise _wrong(where, f"is no {hint.__name__.lower()}") from None
    return found


def _wrong(where: str, what: str) -> BadAnswer:
    return BadAnswer(f"The site's answer is not as the API is described: {where} {what}.")
