"""Checks a FOCUS table against the Foundation's own machine-readable rules, and tells what became of each of them.

A rule is applied where the model says how, to rows of text in which an absent value is None. What the model leaves to
people, what needs a feature that the table does not claim, and what is about columns that are not there is told too.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

type Row = Mapping[str, str | None]
HOLDS, BROKEN, ADVICE = "holds", "broken", "advice not taken"
NO_FEATURE, NO_COLUMN = "feature not claimed", "column not in the table"
NO_WAY, PARTS = "not checkable: the model gives no test", "applied by its parts"
CLAIMED = frozenset(
    {
        "ACCOUNT_NAMING_SUPPORTED",
        "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
        "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
        "REGION_SUPPORTED",
        "SUB_ACCOUNT_SUPPORTED",
        "TAGGING_SUPPORTED",
        "USAGE_MEASUREMENT_SUPPORTED",
    }
)
_ADVISORY = {"MAY", "SHOULD", "SHOULD NOT", "RECOMMENDED"}
_DECIMAL = re.compile(r"^-?\d+(\.\d+)?([Ee][+-]?\d+)?$")
_MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$")
_UNIT = re.compile(r"^[A-Za-z][A-Za-z0-9 /()-]*$")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule. `rows` breaks it, of `count` it is about; the first of them is `first`, from 1."""

    rule: str
    keyword: str
    says: str
    state: str
    count: int = 0
    rows: int = 0
    first: int = 0


def check(
    rows: Sequence[Row], model: Mapping[str, Any], *, claimed: Collection[str] = CLAIMED
) -> list[Verdict]:
    """One verdict for every rule of the model, in its order."""
    names = set(rows[0]) if rows else set()
    return [_judged(name, rule, rows, names, claimed) for name, rule in model["ModelRules"].items()]


def _judged(
    name: str, rule: Mapping[str, Any], rows: Sequence[Row], names: set[str], claimed: Collection[str]
) -> Verdict:
    told = rule["ValidationCriteria"]
    need, when, keyword = _named(told["Requirement"]), _named(told["Condition"]), told["Keyword"]

    def state(found: str, **more: int) -> Verdict:
        return Verdict(name, keyword, told["MustSatisfy"], found, **more)

    if rule["Function"] == "Composite":
        return state(PARTS)
    if not set(rule["ApplicabilityCriteria"]) <= set(claimed):
        return state(NO_FEATURE)
    # Such a rule says "when …" in words only; taken without them it would contradict its neighbour.
    worded = rule["Function"] == "Nullability" and not when and " when " in told["MustSatisfy"]
    if not need or worded or _unknown(need):
        return state(NO_WAY)
    if need["CheckFunction"] == "ColumnPresent":
        missing = int(need["ColumnName"] not in names)
        return state(_of(keyword, missing), count=1, rows=missing, first=missing)
    if not _columns(need) <= names or not _columns(when) <= names:
        return state(NO_COLUMN)
    about = [(at, row) for at, row in enumerate(rows, 1) if not when or _holds(when, row)]
    wrong = _wrong(need, about)
    return state(_of(keyword, len(wrong)), count=len(about), rows=len(wrong), first=wrong[0] if wrong else 0)


def _named(need: Mapping[str, Any]) -> Mapping[str, Any]:
    """Two rules of the model write the column's name under another key."""
    found = {"ColumnName" if key == "CheckCondition" else key: value for key, value in need.items()}
    if "Items" in found:
        found["Items"] = [_named(one) for one in found["Items"]]
    return found


def _of(keyword: str, wrong: int) -> str:
    return HOLDS if not wrong else ADVICE if keyword in _ADVISORY else BROKEN


def _wrong(need: Mapping[str, Any], about: Sequence[tuple[int, Row]]) -> list[int]:
    if need["CheckFunction"] == "CheckDistinctCount":
        seen: dict[str | None, set[str | None]] = defaultdict(set)
        for _, row in about:
            seen[row[need["ColumnAName"]]].add(row[need["ColumnBName"]])
        return [at for at, row in about if len(seen[row[need["ColumnAName"]]]) != need["ExpectedCount"]]
    return [at for at, row in about if not _holds(need, row)]


def _columns(need: Mapping[str, Any]) -> set[str]:
    own = {value for key, value in need.items() if key.endswith("ColumnName") or key in _PAIR}
    return own.union(*(_columns(one) for one in need.get("Items", ())))


_PAIR = ("ColumnAName", "ColumnBName")


def _unknown(need: Mapping[str, Any]) -> bool:
    known = need["CheckFunction"] in {*_TESTS, "AND", "OR", "ColumnPresent", "CheckDistinctCount"}
    return not known or any(_unknown(one) for one in need.get("Items", ()))


def _holds(need: Mapping[str, Any], row: Row) -> bool:
    name = need["CheckFunction"]
    if name == "AND":
        return all(_holds(one, row) for one in need["Items"])
    if name == "OR":
        return any(_holds(one, row) for one in need["Items"])
    return _TESTS[name](need, row)


def _same(value: str | None, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is None and wanted is None
    if isinstance(wanted, str):
        return value == wanted
    return (number := _number(value)) is not None and number == Decimal(str(wanted))


def _number(value: str | None) -> Decimal | None:
    try:
        return Decimal(value) if value is not None else None
    except InvalidOperation:
        return None


def _shaped(fits: Callable[[str], object]) -> Callable[[Mapping[str, Any], Row], bool]:
    """A format is about values: where there is none, the rules of nulls speak."""
    return lambda need, row: (value := row[need["ColumnName"]]) is None or bool(fits(value))


def _product(need: Mapping[str, Any], row: Row) -> bool:
    first, second, result = (
        _number(row[need[name]]) for name in ("ColumnAName", "ColumnBName", "ResultColumnName")
    )
    if first is None or second is None or result is None:
        return True
    return abs(first * second - result) < Decimal("1e-6")


def _least(need: Mapping[str, Any], row: Row) -> bool:
    value = row[need["ColumnName"]]
    return value is None or ((number := _number(value)) is not None and number >= Decimal(str(need["Value"])))


def _pairs(value: str) -> bool:
    """A JSON object of plain values."""
    try:
        found = json.loads(value)
    except ValueError:
        return False
    return isinstance(found, dict) and not any(isinstance(one, (dict, list)) for one in found.values())


_TESTS: Mapping[str, Callable[[Mapping[str, Any], Row], bool]] = {
    "CheckValue": lambda need, row: _same(row[need["ColumnName"]], need["Value"]),
    "CheckNotValue": lambda need, row: not _same(row[need["ColumnName"]], need["Value"]),
    "CheckSameValue": lambda need, row: row[need["ColumnAName"]] == row[need["ColumnBName"]],
    "CheckNotSameValue": lambda need, row: row[need["ColumnAName"]] != row[need["ColumnBName"]],
    "CheckGreaterOrEqualThanValue": _least,
    "ColumnByColumnEqualsColumnValue": _product,
    "TypeDecimal": _shaped(_DECIMAL.match),
    "CheckDecimalValue": _shaped(_DECIMAL.match),
    "FormatNumeric": _shaped(_DECIMAL.match),
    "TypeDateTime": _shaped(_MOMENT.match),
    "FormatDateTime": _shaped(_MOMENT.match),
    "TypeString": _shaped(lambda value: True),
    "FormatString": _shaped(lambda value: value.strip() == value and value.upper() not in ("NULL", "N/A", "")),
    "FormatUnit": _shaped(_UNIT.match),
    "FormatKeyValue": _shaped(_pairs),
    "FormatCurrency": _shaped(re.compile(r"^[A-Z]{3}$").match),
    "CheckNationalCurrency": _shaped(re.compile(r"^[A-Z]{3}$").match),
}  # fmt: skip
