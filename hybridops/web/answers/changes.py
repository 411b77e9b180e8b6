"""What changed since the last yes: two requests side by side, field by field, and what each change does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hybridops.domain.workflow import Definition
from hybridops.web import fmt

UP, DOWN, SAME = "up", "down", "same"  # more risk, less risk, neither


@dataclass(frozen=True, slots=True)
class Side:
    """One request: its envelope, the plan of its run, the name of its data."""

    envelope: Mapping[str, Any]
    plan: Mapping[str, Any]
    data: str


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    before: str
    now: str
    effect: str
    words: str


def between(before: Side, now: Side, labels: Mapping[str, str]) -> tuple[list[Change], int]:
    """The fields that differ, and how many do not."""
    rows = [
        _backend(before, now),
        *(_amount(field, before.envelope, now.envelope) for field in _AMOUNTS),
        *_parameters(before.plan["parameters"], now.plan["parameters"], labels),
        *_plain(before, now),
    ]
    found = [row for row in rows if row is not None]
    return found, len(rows) - len(found)


def against_defaults(definition: Definition, now: Side) -> tuple[list[Change], int]:
    """For a first request: the parameters that are not the signed defaults."""
    defaults = {parameter.name: parameter.default for parameter in definition.parameters}
    rows = _parameters(defaults, now.plan["parameters"], labels_of(definition))
    found = [row for row in rows if row is not None]
    return found, len(rows) - len(found)


def labels_of(definition: Definition) -> dict[str, str]:
    return {parameter.name: parameter.label or parameter.name for parameter in definition.parameters}


def _backend(before: Side, now: Side) -> Change | None:
    was, asked = (", ".join(p["backend"] for p in side.envelope["programs"]) for side in (before, now))
    new = set(asked.split(", ")) - set(was.split(", "))
    if was == asked:
        return None
    words = f"{', '.join(sorted(new))} was not in the last request" if new else "fewer ways out"
    return Change("Backend", was, asked, UP if new else DOWN, words)


_AMOUNTS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("Spend at most", "cost_usd_max", lambda value: fmt.money(Decimal(value))),
    ("Shots at most", "shots_max", fmt.shots),
    ("Submissions at most", "submissions_max", fmt.shots),
    ("Circuits in one submission", "bindings_max", fmt.shots),
)


def _amount(
    told: tuple[str, str, Callable[[Any], str]], before: Mapping[str, Any], now: Mapping[str, Any]
) -> Change | None:
    field, key, words = told
    was, asked = Decimal(before[key]), Decimal(now[key])
    if was == asked:
        return None
    share = _share(was, asked)
    return Change(
        field, words(before[key]), words(now[key]), UP if asked > was else DOWN, f"{share} than was approved"
    )


def _share(was: Decimal, asked: Decimal) -> str:
    if not was:
        return "more"
    percent = (asked - was) / was * 100
    if abs(percent) < 1:
        return "a little more" if asked > was else "a little less"
    return fmt.compare(percent, "less", "more", places=0)


def _parameters(
    before: Mapping[str, Any], now: Mapping[str, Any], labels: Mapping[str, str]
) -> list[Change | None]:
    """Every parameter lies inside its signed range, so a difference alone is no more risk."""
    return [
        _value(labels.get(name, name), before.get(name), now.get(name), "inside the signed range")
        for name in sorted({*before, *now})
    ]


_PLAIN = (
    ("Workflow", "workflow", "another version was signed"),
    ("Priority class", "priority_class", "who waits for the answer"),
    ("Without a QPU answer", "fallback", "what happens if the QPU part cannot be done"),
    ("Seed", "seed", "other random numbers"),
)


def _plain(before: Side, now: Side) -> Iterable[Change | None]:
    for field, key, words in _PLAIN:
        yield _value(field, before.plan.get(key), now.plan.get(key), words)
    yield _digest("Data", before.plan["data"], now.plan["data"], before.data, now.data)
    yield _digest("Circuit", before.envelope["template"], now.envelope["template"], "", "")
    yield _value("Values", _domains(before), _domains(now), "which values the template may take")
    yield _digest("Policy", before.envelope["policy"], now.envelope["policy"], "", "")
    yield _digest("Price book", before.envelope["price_book"], now.envelope["price_book"], "", "")


def _domains(side: Side) -> str:
    """The inputs by range, as one line."""
    return "; ".join(
        f"{one['name']} {one['low']:.4g} to {one['high']:.4g}" for one in side.envelope["inputs"]
    )


def _value(field: str, before: Any, now: Any, words: str) -> Change | None:
    return None if before == now else Change(field, _shown(before), _shown(now), SAME, words)


def _shown(value: Any) -> str:
    if value is None:
        return fmt.NOT_SET
    return fmt.number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _digest(field: str, before: str, now: str, name_before: str, name_now: str) -> Change | None:
    if before == now:
        return None
    was, asked = (
        f"{name} {fmt.short_hash(it)}".strip() for name, it in ((name_before, before), (name_now, now))
    )
    return Change(field, was, asked, SAME, "other bytes")


_NAMES: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    **{key: (field, words) for field, key, words in _AMOUNTS},
    "not_after": ("Start before", lambda value: fmt.clock(datetime.fromisoformat(value))),
    "programs": ("Backends", lambda value: ", ".join(listed["backend"] for listed in value)),
}


def since(pairs: Sequence[tuple[str, Any, Any]]) -> list[tuple[str, str, str]]:
    """What changed between two revisions of one request: field, as it was read, as it is now."""
    rows = []
    for key, was, now in pairs:
        field, words = _NAMES.get(key, (key.replace("_", " "), str))
        rows.append((field, words(was), words(now)))
    return rows
