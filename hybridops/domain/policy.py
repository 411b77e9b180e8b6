"""The policy: a signed document of factors, rules and ordered tiers. Closed: what it does not know it refuses.

A request is in the first tier whose conditions hold. Where none holds, nothing is approved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from hybridops.domain.conditions import Condition, number
from hybridops.domain.conditions import read as read_conditions
from hybridops.domain.data import DATA_CLASSES
from hybridops.domain.errors import BadInput
from hybridops.domain.placement import FIDELITY_GIVEN_UP
from hybridops.domain.presence import Method
from hybridops.domain.risk import FACTORS, Weight

SCHEMA = "hybridops.policy/2"


class Strength(StrEnum):
    """What a rule that is met means: a remark, a reason each approval must give, or a refusal."""

    ADVISE = "advise"
    OVERRIDABLE = "overridable"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    strength: Strength
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """So many people of a role or group; with `above_usd` only where the cost is above it."""

    of: str
    count: int
    above_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Tier:
    """`by_policy`: the signed policy itself says yes; for machines and generated circuits only with `machines`."""

    name: str
    when: tuple[Condition, ...]
    deny: str
    by_policy: bool
    machines: bool
    need: tuple[Slot, ...]
    step_up: tuple[Method, ...]
    expiry: timedelta
    escalate_to: str


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """The emergency door: what it may cost at most, and how many of whom look at it afterwards, and when."""

    usd_max: Decimal
    step_up: tuple[Method, ...]
    review: Slot
    review_within: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """`data_regions`: where each class of data may go; `home` is the project's region, `*` any.

    `fidelity_given_up`: the share of the best expected success that a placement gives up for a shorter queue.
    """

    name: str
    version: int
    factors: Mapping[str, Weight]
    rules: tuple[Rule, ...]
    tiers: tuple[Tier, ...]
    data_regions: Mapping[str, tuple[str, ...]]
    break_glass: BreakGlass | None
    fidelity_given_up: float


def parse(document: Mapping[str, Any]) -> Policy:
    """The policy in a verified payload; raises BadInput with the field for anything it does not know."""
    if document.get("schema") != SCHEMA:
        raise BadInput(f"expected schema {SCHEMA}", field="schema")
    body = _fields(
        document, "policy", {"schema", "name", "version", "factors", "rules", "tiers", "data_regions"},
        {"break_glass", "fidelity_given_up"},
    )  # fmt: skip
    if not body["tiers"]:
        raise BadInput("a policy without tiers would approve nothing", field="tiers")
    return Policy(
        name=_text(body["name"], "name"),
        version=_count(body["version"], "version"),
        factors=_factors(body["factors"]),
        rules=_named(tuple(_rule(item, f"rules.{at}") for at, item in _listed(body["rules"], "rules"))),
        tiers=_named(tuple(_tier(item, f"tiers.{at}") for at, item in _listed(body["tiers"], "tiers"))),
        data_regions=_regions(body["data_regions"]),
        break_glass=_break_glass(body["break_glass"]) if body.get("break_glass") else None,
        fidelity_given_up=_share(body["fidelity_given_up"], "fidelity_given_up")
        if "fidelity_given_up" in body
        else FIDELITY_GIVEN_UP,
    )


def _factors(body: Any) -> Mapping[str, Weight]:
    if not isinstance(body, dict) or set(body) != set(FACTORS):
        raise BadInput("a policy gives points to every factor and to no other", field="factors")
    return {name: _weight(body[name], f"factors.{name}", FACTORS[name]) for name in FACTORS}


def _weight(body: Any, where: str, measured: bool) -> Weight:
    told = _fields(body, where, {"points", "threshold"} if measured else {"points"})
    points = _count(told["points"], where, least=0)
    return Weight(points, number(told["threshold"], where) if measured else None)


def _rule(body: Any, where: str) -> Rule:
    told = _fields(body, where, {"name", "strength", "when"})
    if told["strength"] not in list(Strength):
        raise BadInput("a rule advises, is overridable or is hard", field=f"{where}.strength")
    when = read_conditions(told["when"], f"{where}.when")
    if not when:
        raise BadInput("a rule says when it is met", field=f"{where}.when")
    return Rule(_text(told["name"], where), Strength(told["strength"]), when)


def _tier(body: Any, where: str) -> Tier:
    told = _fields(
        body, where, {"name", "when"},
        {"deny", "by_policy", "machines", "need", "step_up", "expiry_hours", "escalate_to"},
    )  # fmt: skip
    kinds = [kind for kind in ("deny", "by_policy", "need") if told.get(kind)]
    if len(kinds) != 1:
        raise BadInput("a tier denies, lets pass, or needs people: one of them", field=where)
    by_people = kinds == ["need"]
    if by_people != ("step_up" in told) or (by_people and "expiry_hours" not in told):
        raise BadInput("a tier that needs people says how they prove it is they, and by when", field=where)
    if told.get("machines") and not told.get("by_policy"):
        raise BadInput("only a tier that lets pass says whether machines pass as well", field=where)
    for flag in ("by_policy", "machines"):
        if not isinstance(told.get(flag, False), bool):
            raise BadInput("say true or false", field=f"{where}.{flag}")
    need = tuple(_slot(item, f"{where}.need.{at}") for at, item in _listed(told.get("need", []), where))
    if by_people and not any(slot.above_usd is None for slot in need):
        raise BadInput("a tier that needs people needs one at any cost", field=f"{where}.need")
    return Tier(
        name=_text(told["name"], where),
        when=read_conditions(told["when"], f"{where}.when"),
        deny=_text(told["deny"], where) if told.get("deny") else "",
        by_policy=told.get("by_policy", False),
        machines=told.get("machines", False),
        need=need,
        step_up=_methods(told["step_up"], where) if by_people else (),
        expiry=timedelta(hours=float(number(told.get("expiry_hours", 1), f"{where}.expiry_hours"))),
        escalate_to=_text(told.get("escalate_to", "administrator"), where),
    )


def _slot(body: Any, where: str) -> Slot:
    told = _fields(body, where, {"of", "count"}, {"above_usd"})
    above = number(told["above_usd"], where) if "above_usd" in told else None
    return Slot(_text(told["of"], where), _count(told["count"], where), above)


def _methods(body: Any, where: str) -> tuple[Method, ...]:
    known = {method.value for method in Method}
    if not isinstance(body, list) or not body or not known.issuperset(map(str, body)):
        raise BadInput(f"step_up lists some of: {', '.join(sorted(known))}", field=f"{where}.step_up")
    return tuple(method for method in Method if method in body)


def _regions(body: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(body, dict) or not set(body) <= set(DATA_CLASSES):
        raise BadInput(f"data_regions names classes of data: {', '.join(DATA_CLASSES)}", field="data_regions")
    if any(not isinstance(one, list) or not all(isinstance(r, str) for r in one) for one in body.values()):
        raise BadInput("each class of data has a list of regions", field="data_regions")
    return {name: tuple(regions) for name, regions in body.items()}


def _break_glass(body: Any) -> BreakGlass:
    where = "break_glass"
    told = _fields(body, where, {"usd_max", "step_up", "review", "review_hours"})
    within = number(told["review_hours"], where)
    review = _slot(told["review"], f"{where}.review")
    if not within or review.above_usd is not None:
        raise BadInput("a review afterwards has hours, and is due at any cost", field=where)
    return BreakGlass(
        usd_max=number(told["usd_max"], where),
        step_up=_methods(told["step_up"], where),
        review=review,
        review_within=timedelta(hours=float(within)),
    )


def _share(body: Any, where: str) -> float:
    if (found := number(body, where)) > 1:
        raise BadInput("a share is at most 1", field=where)
    return float(found)


def _fields(body: Any, where: str, must: set[str], may: Collection[str] = ()) -> Mapping[str, Any]:
    """A mapping with exactly these fields; one that nobody knows is refused, never passed over."""
    if not isinstance(body, Mapping):
        raise BadInput("expected named fields", field=where)
    missing, unknown = must - body.keys(), body.keys() - must - set(may)
    if missing or unknown:
        told = [f"{', '.join(sorted(missing))} missing"] if missing else []
        told += [f"{', '.join(sorted(map(str, unknown)))} unknown"] if unknown else []
        raise BadInput("; ".join(told), field=where)
    return body


def _listed(body: Any, where: str) -> enumerate[Any]:
    if not isinstance(body, list):
        raise BadInput("expected a list", field=where)
    return enumerate(body)


def _named[T: (Rule, Tier)](found: tuple[T, ...]) -> tuple[T, ...]:
    names = [one.name for one in found]
    if len(names) != len(set(names)):
        raise BadInput("two of one name cannot be told apart", field="name")
    return found


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        raise BadInput("expected a short text", field=where)
    return value


def _count(value: Any, where: str, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadInput(f"expected a whole number from {least} on", field=where)
    return value
