"""Signed price books: dated prices by provider and backend, with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hybridops.domain import rules
from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.rules import Rule

SCHEMAS = ("hybridops.pricebook/1", "hybridops.pricebook/2")
_HOME = "USD"
_NUMBERS = {field.name for field in fields(Rule) if field.type == "Decimal"}
_SWITCHES = {field.name for field in fields(Rule) if field.type == "bool"}
_DATES = ("dated", "valid_to")
_OLD_KINDS, _OLD_FAILED = ("task+shot", "seconds"), {"free": "free", "full": "partial"}


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices in US dollars. Those of another currency were converted by the book's own dated rate."""

    name: str
    currency: str
    source: str
    dated: date
    valid_to: date
    cpu_second: Decimal
    gpu_second: Decimal
    rules: tuple[Rule, ...]
    rates: Mapping[str, tuple[Decimal, str]] = field(default_factory=dict)

    def rate_of(self, currency: str) -> tuple[Decimal, str]:
        """US dollars for one unit of a currency, and where and when that is from. Raises Refused without a rate."""
        if currency == _HOME:
            return Decimal(1), ""
        if currency not in self.rates:
            raise Refused(
                f"{self.name} has no rate for {currency}. Sign a price book with a dated one first."
            )
        return self.rates[currency]

    def rule_for(self, provider: str, backend: str) -> Rule:
        """The first that fits. Raises Refused where the book has no price: an unknown price is never zero."""
        for rule in self.rules:
            if rule.provider == provider and rule.backend in (backend, "*"):
                return rule
        raise Refused(f"{self.name} has no price for {backend} at {provider}. Add one to a price book first.")

    def rule_on(self, day: date, provider: str, backend: str) -> Rule:
        """The same for something new: raises Refused also where that price ended before this day."""
        rule = self.rule_for(provider, backend)
        if rule.valid_to and day > rule.valid_to:
            raise Refused(
                f"the price of {backend} at {provider} ended on {rule.valid_to.isoformat()}. Sign a newer price book."
            )
        return rule


def parse(document: Mapping[str, Any]) -> PriceBook:
    """The price book in a verified payload; raises BadInput for what it does not know."""
    schema = document.get("schema")
    if schema not in SCHEMAS:
        raise BadInput(f"expected schema {SCHEMAS[-1]}", field="schema")
    read = _old_rule if schema == SCHEMAS[0] else _rule
    try:
        rates = {name: _rate(rate) for name, rate in document.get("rates", {}).items()}
        return PriceBook(
            name=document["name"],
            currency=document["currency"],
            source=document["source"],
            dated=date.fromisoformat(document["dated"]),
            valid_to=date.fromisoformat(document["valid_to"]),
            cpu_second=Decimal(document["cpu_second"]),
            gpu_second=Decimal(document["gpu_second"]),
            rules=tuple(read(item, rates) for item in document["rules"]),
            rates=rates,
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as problem:
        raise BadInput(f"the price book is incomplete or malformed: {problem}") from problem


def _rate(told: Mapping[str, Any]) -> tuple[Decimal, str]:
    """US dollars for one unit, and where that is from."""
    usd, dated = Decimal(told["usd"]), date.fromisoformat(told["dated"])
    if not usd > 0:
        raise ValueError(f"{usd} is not a rate")
    return usd, f"{usd} USD on {dated.isoformat()} ({told['source']})"


def _old_rule(item: Mapping[str, Any], rates: Mapping[str, tuple[Decimal, str]]) -> Rule:
    """Of schema 1, where "full" meant what the provider reports for a failed job."""
    rule = _made(item)
    if rule.kind not in _OLD_KINDS or rule.failed not in _OLD_FAILED:
        raise BadInput(f"the price of {rule.backend} has an unknown kind", field="rules")
    return replace(rule, failed=_OLD_FAILED[rule.failed])


def _rule(item: Mapping[str, Any], rates: Mapping[str, tuple[Decimal, str]]) -> Rule:
    told = dict(item)
    currency = told.pop("currency", _HOME)
    rule = _made(told)
    if rule.kind not in rules.FIELDS or rule.failed not in rules.FAILED:
        raise BadInput(f"the price of {rule.backend} has an unknown kind", field="rules")
    foreign = set(told) & {name for names in rules.FIELDS.values() for name in names}
    if unused := foreign - set(rules.FIELDS[rule.kind]):
        raise BadInput(f"{rule.kind} does not use {', '.join(sorted(unused))}", field="rules")
    if any(getattr(rule, name) < 0 for name in _NUMBERS) or not rule.per > 0:
        raise BadInput(f"the price of {rule.backend} has a number below zero", field="rules")
    return rule if currency == _HOME else _converted(rule, currency, rates)


def _made(item: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = dict(item)
    for name in values.keys() & _NUMBERS:
        values[name] = Decimal(values[name])
        if not values[name].is_finite():
            raise ValueError(f"{name} is not a number")
    for name in values.keys() & set(_DATES):
        values[name] = date.fromisoformat(values[name])
    if any(not isinstance(values[name], bool) for name in values.keys() & _SWITCHES):
        raise ValueError(f"{' and '.join(sorted(_SWITCHES))} are true or false")
    return Rule(**values)


def _converted(rule: Rule, currency: str, rates: Mapping[str, tuple[Decimal, str]]) -> Rule:
    if currency not in rates:
        raise BadInput(
            f"the price of {rule.backend} is in {currency}; give its rate in `rates`", field="rules"
        )
    usd, said = rates[currency]
    note = " ".join(part for part in (rule.note, f"Converted at 1 {currency} = {said}.") if part)
    prices: dict[str, Any] = {name: getattr(rule, name) * usd for name in rules.PRICES}
    return replace(rule, **prices, note=note)
