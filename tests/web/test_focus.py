"""The FOCUS files: the ledger to the last micro-dollar, and the Foundation's rules, each told."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from hybridops.bootstrap import ROOT
from hybridops.cli.management.commands.focus_check import read
from hybridops.domain.focus import COLUMNS, Charge, row_of, text_of
from hybridops.domain.focus_rules import BROKEN, HOLDS, NO_COLUMN, NO_FEATURE, NO_WAY, PARTS, check
from hybridops.experiments import invoices
from hybridops.experiments.models import Submission
from hybridops.experiments.outcome import Outcome
from hybridops.quotas.models import InvoiceLine, Reservation
from tests.web.test_explore import ledger_usd, open_as, spent  # noqa: F401
from tests.world import World

MODEL = ROOT.parent / "shared" / "vectors" / "focus" / "model-1.2.json"
needs_model = pytest.mark.skipif(not MODEL.exists(), reason="the Foundation's rules are not on this machine")
MANDATORY = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
]
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
MONTH = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
CHARGE = Charge(
    key="run-1-qpu-1", run=1, title="Wave 14", what="QPU submission 1", team=("routing", "Routing"), project="aarhus",
    workflow="routing", outcome="accepted", micro=1_300_000, begun=AT, ended=AT + timedelta(hours=1), month=MONTH,
    price_book="a" * 64, provider="ibm", backend="heron", region="eu", shots=100,
)  # fmt: skip


def correct(world: World, usd: str) -> None:
    """A bill of the vendor for another sum, accepted by finance."""
    job = Submission.objects.filter(settled=True).earliest("pk")
    bill = invoices.import_invoice(
        user=world.farah, team_id=world.team.pk, provider=job.provider, number="V-1",
        data=f"job,amount,currency\n{job.job_id},{usd},USD\n".encode(),
    )  # fmt: skip
    invoices.accept(user=world.farah, line_id=bill.lines.get().pk, why="as billed")


def rows_of(world: World, query: str = "") -> list[dict[str, str]]:
    told = open_as(world.farah, f"/cost/focus-1.2.csv{query}")
    assert told.status_code == 200
    return list(csv.DictReader(io.StringIO(told.content.decode())))


def usd_of(rows: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(row["BilledCost"]) for row in rows), Decimal(0))


def test_the_file_the_ledger_and_the_pages_say_the_same_to_the_last_micro_dollar(spent: World) -> None:  # noqa: F811
    first = Decimal(Submission.objects.filter(settled=True).earliest("pk").cost_micro or 0) / 10**6
    for usd in ("", "2.499999"):
        if usd:
            correct(spent, usd)
            assert InvoiceLine.objects.get().how == "booked"
        rows = rows_of(spent)
        page = open_as(spent.farah, "/cost/").context["total"].usd
        bills = sum(one.settled_micro or 0 for one in Reservation.objects.all())
        assert usd_of(rows) == ledger_usd() == page == Decimal(bills) / 10**6
        assert (
            usd_of(rows_of(spent, "?backend=aster"))
            == open_as(spent.farah, "/cost/?backend=aster").context["total"].usd
        )
    (late,) = [row for row in rows if row["ChargeCategory"] == "Adjustment"]
    assert Decimal(late["BilledCost"]) == Decimal("2.499999") - first
    assert late["InvoiceId"] == "V-1"
    assert len({row["x_ChargeId"] for row in rows}) == len(rows)
    told = sum(one.cost_micro for one in Outcome.objects.all())
    assert told <= bills


def test_no_cell_runs_and_amounts_stay_numbers(spent: World) -> None:  # noqa: F811
    correct(spent, "0.01")
    rows = rows_of(spent)
    assert "'=cmd()" in {row["ResourceName"] for row in rows}
    assert any(Decimal(row["BilledCost"]) < 0 for row in rows)
    assert {row["ServiceSubcategory"] for row in rows} == {"Quantum Compute", "Other (Compute)"}


def test_parquet_has_the_same_rows_with_types(spent: World, tmp_path: Path) -> None:  # noqa: F811
    pytest.importorskip("pyarrow")
    file = tmp_path / "focus.parquet"
    file.write_bytes(open_as(spent.farah, "/cost/focus-1.2.parquet").content)
    told = [{name: text_of_csv(value) for name, value in row.items()} for row in rows_of(spent)]
    for one, other in zip(read(file), told, strict=True):
        assert {**one, "ResourceName": ""} | numbers(one) == {**other, "ResourceName": ""} | numbers(other)


def text_of_csv(value: str) -> str | None:
    return value or None


def numbers(row: Any) -> dict[str, Any]:
    return {name: row[name] and Decimal(row[name]) for name, kind in COLUMNS.items() if kind == "decimal"}


def test_without_pyarrow_it_says_what_to_install(spent: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    told = open_as(spent.farah, "/cost/focus-1.2.parquet")
    assert told.status_code in (409, 422)
    assert "hybridops[parquet]" in told.content.decode()


@needs_model
def test_the_checker_applies_every_rule_it_can_and_tells_the_others(spent: World, tmp_path: Path) -> None:  # noqa: F811
    correct(spent, "2.5")
    file = tmp_path / "focus.csv"
    file.write_bytes(open_as(spent.farah, "/cost/focus-1.2.csv").content)
    model = json.loads(MODEL.read_text())
    found = check(read(file), model)
    assert len(found) == len(model["ModelRules"]) == 621
    assert [one for one in found if one.state == BROKEN] == []
    states = Counter(one.state for one in found)
    assert states[HOLDS] > 150
    assert {PARTS, NO_WAY, NO_FEATURE, NO_COLUMN} <= set(states)
    held = {one.rule for one in found if one.state == HOLDS}
    names = {
        rule["ValidationCriteria"]["Requirement"].get("ColumnName"): name
        for name, rule in model["ModelRules"].items()
        if rule["Function"] == "Presence"
    }
    assert {names[column] for column in MANDATORY} <= held


@needs_model
def test_the_command_tells_each_rule_and_ends_with_one_where_one_is_broken(
    tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "focus.csv"
    broken = row_of(CHARGE) | {"ChargeCategory": "Gift"}
    file.write_text(
        "\n".join(
            [
                ",".join(COLUMNS),
                ",".join(f'"{text_of(one).replace(chr(34), chr(34) * 2)}"' for one in broken.values()),
            ]
        )
    )
    with pytest.raises(SystemExit):
        call_command("focus_check", str(file), model=MODEL)
    told = capsys.readouterr().out
    assert "ChargeCategory MUST be one of the allowed values." in told
    assert "621 rules:" in told


SPOILED = {
    "BilledCost": "many", "BillingCurrency": "dollars", "ChargePeriodStart": "yesterday", "ServiceCategory": "Magic",
    "ServiceSubcategory": "Quantum Sorcery", "ProviderName": None, "ChargeClass": "Mistake", "Tags": "a=b",
    "ChargeFrequency": "Now and then", "ListCost": None,
}  # fmt: skip


@needs_model
@pytest.mark.parametrize("column", SPOILED)
def test_a_spoiled_cell_breaks_a_rule_about_it(column: str) -> None:
    row = {name: text_of(value) or None for name, value in row_of(CHARGE).items()}
    model = json.loads(MODEL.read_text())
    assert [one for one in check([row], model) if one.state == BROKEN] == []
    broken = [one for one in check([row | {column: SPOILED[column]}], model) if one.state == BROKEN]
    assert any(one.rule.startswith(column) for one in broken)


@needs_model
def test_a_missing_mandatory_column_is_told() -> None:
    row = {name: text_of(value) or None for name, value in row_of(CHARGE).items()}
    model = json.loads(MODEL.read_text())
    for column in MANDATORY:
        found = check([{name: value for name, value in row.items() if name != column}], model)
        assert any(one.state == BROKEN and column in one.says for one in found)


@needs_model
@given(st.integers(-(10**12), 10**12), st.booleans(), st.booleans(), st.sampled_from(("", "ibm")))
def test_no_charge_breaks_a_rule(micro: int, corrects: bool, late: bool, provider: str) -> None:
    one = replace(
        CHARGE,
        micro=micro,
        corrects=corrects or late,
        late=late,
        provider=provider,
        shots=5 if provider else None,
    )
    row = {name: text_of(value) or None for name, value in row_of(one).items()}
    assert [v for v in check([row], _model()) if v.state == BROKEN] == []


def _model() -> Any:
    if not _KEPT:
        _KEPT.update(json.loads(MODEL.read_text()))
    return _KEPT


_KEPT: dict[str, Any] = {}
