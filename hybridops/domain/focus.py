"""Charges as rows of FOCUS 1.2, the format for bills of the FinOps Foundation; our own columns begin with x_."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

VERSION = "1.2"
DECIMAL, MOMENT, TEXT = "decimal", "moment", "text"
type Value = Decimal | datetime | str | None

# In the order of the file. Those that FOCUS makes mandatory come first.
COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("BilledCost",), DECIMAL),
    **dict.fromkeys(("BillingAccountId", "BillingAccountName", "BillingCurrency"), TEXT),
    **dict.fromkeys(("BillingPeriodStart", "BillingPeriodEnd"), MOMENT),
    **dict.fromkeys(("ChargeCategory", "ChargeClass", "ChargeDescription"), TEXT),
    **dict.fromkeys(("ChargePeriodStart", "ChargePeriodEnd"), MOMENT),
    **dict.fromkeys(("ContractedCost", "EffectiveCost"), DECIMAL),
    "InvoiceIssuerName": TEXT,
    **dict.fromkeys(("ListCost", "PricingQuantity"), DECIMAL),
    **dict.fromkeys(("PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName"), TEXT),
    **dict.fromkeys(("ServiceSubcategory", "ChargeFrequency", "BillingAccountType", "InvoiceId"), TEXT),
    "ConsumedQuantity": DECIMAL,
    **dict.fromkeys(("ConsumedUnit", "RegionId", "RegionName", "ResourceId", "ResourceName"), TEXT),
    **dict.fromkeys(("ResourceType", "SubAccountId", "SubAccountName", "SubAccountType", "Tags"), TEXT),
    **dict.fromkeys(("x_ChargeId", "x_RunId", "x_Stage", "x_Outcome", "x_Accepted", "x_Template"), TEXT),
    **dict.fromkeys(("x_Backend", "x_Project", "x_PriceBook", "x_NativeUnit"), TEXT),
    "x_NativeQuantity": DECIMAL,
}
OWN = "hybridops"  # the issuer of what our own machines cost
HOME = "here"


@dataclass(frozen=True, slots=True)
class Charge:
    """One booked amount: a bill, or a correction of one. `micro` in micro-dollars, below zero where money came back.

    `month` is the billing month as two moments. `late` marks a correction of an earlier month. `shots` are those
    that a QPU did, None for work of our own machines.
    """

    key: str
    run: int
    title: str
    what: str
    team: tuple[str, str]
    project: str
    workflow: str
    outcome: str
    micro: int
    begun: datetime
    ended: datetime
    month: tuple[datetime, datetime]
    price_book: str
    provider: str = ""
    backend: str = ""
    region: str = ""
    shots: int | None = None
    invoice: str = ""
    corrects: bool = False
    late: bool = False

    @property
    def quantum(self) -> bool:
        return bool(self.provider)


def row_of(charge: Charge) -> dict[str, Value]:
    """The row of a charge, with every column; what does not apply is None."""
    usd = Decimal(charge.micro).scaleb(-6)
    issuer = charge.provider or OWN
    accepted = "true" if charge.outcome == "accepted" else "false"
    stage = "quantum" if charge.quantum else "classical"
    begun, ended = _hours(charge)
    shots = None if charge.shots is None else Decimal(charge.shots)
    tags = {"project": charge.project, "workflow": charge.workflow, "stage": stage, "accepted": accepted}
    found: dict[str, Value] = {
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), usd),
        "BillingAccountId": OWN,
        "BillingAccountName": OWN,
        "BillingAccountType": "Installation",
        "BillingCurrency": "USD",
        "BillingPeriodStart": charge.month[0],
        "BillingPeriodEnd": charge.month[1],
        "ChargeCategory": "Adjustment" if charge.corrects else "Usage",
        "ChargeClass": "Correction" if charge.late else None,
        "ChargeDescription": f"{charge.what}, R-{charge.run}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": begun,
        "ChargePeriodEnd": ended,
        **dict.fromkeys(("InvoiceIssuerName", "ProviderName", "PublisherName"), issuer),
        "InvoiceId": charge.invoice or None,
        **_quantities(charge, shots),
        "ServiceCategory": "Compute",
        "ServiceSubcategory": "Quantum Compute" if charge.quantum else "Other (Compute)",
        "ServiceName": f"{issuer} QPU access" if charge.quantum else "CPU and GPU time",
        "RegionId": charge.region or HOME,
        "RegionName": charge.region or HOME,
        "ResourceId": f"R-{charge.run}",
        "ResourceName": charge.title,
        "ResourceType": "Run",
        "SubAccountId": charge.team[0],
        "SubAccountName": charge.team[1],
        "SubAccountType": "Team",
        "Tags": json.dumps(tags, sort_keys=True),
        "x_ChargeId": charge.key,
        "x_RunId": f"R-{charge.run}",
        "x_Stage": stage,
        "x_Outcome": charge.outcome,
        "x_Accepted": accepted,
        "x_Template": charge.workflow,
        "x_Backend": charge.backend or None,
        "x_Project": charge.project,
        "x_PriceBook": charge.price_book,
        "x_NativeUnit": "Shots" if shots is not None else None,
        "x_NativeQuantity": shots,
    }
    return {name: found[name] for name in COLUMNS}


def _quantities(charge: Charge, shots: Decimal | None) -> dict[str, Value]:
    """A correction is money alone: it adds no job, and nothing was consumed by it."""
    unit = "Jobs" if charge.quantum else "Runs"
    jobs = Decimal(0 if charge.corrects else 1)
    consumed: tuple[Decimal, str] = (jobs, unit) if shots is None else (jobs * shots, "Shots")
    names = ("PricingQuantity", "PricingUnit", "ConsumedQuantity", "ConsumedUnit")
    return dict(zip(names, (jobs, unit, *consumed), strict=True))


def _hours(charge: Charge) -> tuple[datetime, datetime]:
    """Whole seconds, the end behind the beginning: it is exclusive."""
    begun = charge.begun.replace(microsecond=0)
    ended = charge.ended.replace(microsecond=0) + timedelta(seconds=1)
    return begun, max(ended, begun + timedelta(seconds=1))


def text_of(value: Value) -> str:
    """A value as the CSV holds it: decimals with a point, moments in UTC, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        told = format(value, "f")
        return told if "." in told else f"{told}.0"
    return value if isinstance(value, str) else value.strftime("%Y-%m-%dT%H:%M:%SZ")
