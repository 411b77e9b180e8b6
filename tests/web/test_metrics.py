"""What monitoring reads is true and for its token alone; every rule names what is there, fires, and has a runbook."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import fakeredis
import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from hybridops.bootstrap import ROOT
from hybridops.domain.actors import SYSTEM
from hybridops.engine.inline import drive
from hybridops.experiments.models import Stage
from hybridops.quotas.models import Budget
from hybridops.quotas.stops import stop_spending
from hybridops.web import gauges
from tests.world import World, submit

TOKEN = "a token of this installation"
MONITORING = ROOT / "docs" / "monitoring"
RULES = yaml.safe_load((MONITORING / "hybridops.rules.yml").read_text())["groups"][0]["rules"]
METRIC = re.compile(r"\bhybridops_[a-z_]+\b")


@pytest.fixture(autouse=True)
def _watched(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.METRICS_TOKEN = TOKEN
    shared = fakeredis.FakeStrictRedis()
    monkeypatch.setattr(gauges, "broker", lambda: shared)


def scraped() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.items())] = sample.value
    return found


def value(name: str, **labels: str) -> float:
    return scraped()[name, frozenset(labels.items())]


def test_only_its_token_opens_it(world: World, settings: Any) -> None:
    browser = Client()
    browser.force_login(world.people["omar"])
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN[:-1]}):
        assert browser.get("/metrics", headers=headers).status_code == 404
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert Client().get("/livez").json() == {"process": True}


def test_it_tells_what_is(world: World) -> None:
    run = submit(world)
    assert value("hybridops_runs_open", state="queued") == 1
    drive(run.pk)
    assert value("hybridops_approvals_waiting") == 1
    assert value("hybridops_approval_next_lapse_seconds") > 0
    assert value("hybridops_backend_available", provider="scripted", backend="aster") == 1
    assert 0 < value("hybridops_budget_used_ratio", budget=str(Budget.objects.get().pk)) < 1
    assert value("hybridops_spending_stopped") == 0
    stop_spending(why="so", actor=SYSTEM)
    assert value("hybridops_spending_stopped") == 1
    assert value("hybridops_audit_unsealed_events") > 0
    assert value("hybridops_queue_jobs", queue="qpu") == 0
    assert value("hybridops_scrape_failures") == 0


def test_a_stage_that_waits_is_counted_by_its_age(world: World) -> None:
    submit(world)
    Stage.objects.filter(state="ready").update(ready_since=1.0)
    waited = [
        seconds for (name, _), seconds in scraped().items() if name == "hybridops_stage_ready_oldest_seconds"
    ]
    assert waited and min(waited) > 1e9


def test_a_part_that_cannot_be_read_leaves_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "broker", lambda: None)
    found = scraped()
    assert found["hybridops_scrape_failures", frozenset()] == 1
    assert ("hybridops_spending_stopped", frozenset()) in found


def test_no_label_names_anybody(world: World) -> None:
    drive(submit(world).pk)
    text = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    assert not any(str(word) in text for word in ("Ines", "ines", "Wave 14", "example.org"))


def test_rules_and_dashboard_read_what_is_there(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    known = {name for name, _ in scraped()} | {"hybridops_runs_ended_total", "hybridops_breaker_open"}
    known |= {"hybridops_stage_ready_oldest_seconds", "hybridops_submissions_unsettled"}
    dashboard = (MONITORING / "grafana.json").read_text()
    panels = json.loads(dashboard)["panels"]
    assert len(panels) >= 8 and all(panel["title"] and panel["targets"] for panel in panels)
    for text in (dashboard, *(rule["expr"] for rule in RULES)):
        assert set(METRIC.findall(text)) <= known, set(METRIC.findall(text)) - known


def test_every_alert_has_its_runbook() -> None:
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in RULES] == headings
    assert all(rule["annotations"]["runbook"] == rule["alert"].lower() for rule in RULES)


# Series that make each alert fire, as promtool writes them; `for` is waited for.
FIRING = {
    "HybridopsDown": ['up{job="hybridops"}', "0"],
    "HybridopsNoWorker": ['hybridops_workers{queue="qpu"}', "0", 'hybridops_queue_jobs{queue="qpu"}', "3"],
    "HybridopsApprovalLapsesSoon": ["hybridops_approval_next_lapse_seconds", "900"],
    "HybridopsAuditNotSealed": [
        "hybridops_audit_unsealed_events", "5", "hybridops_audit_checkpoint_age_seconds", "5000",
    ],
    "HybridopsNoticesGivenUp": ['hybridops_notices{kind="mail",state="given_up"}', "2"],
    "HybridopsRunsFail": ['hybridops_runs_ended_total{outcome="failed"}', "0+1x120"],
    "HybridopsBudgetBurnsFast": ['hybridops_slo_alarm{level="sound"}', "2"],
    "HybridopsBudgetNearlyUsed": ['hybridops_budget_used_ratio{budget="1"}', "0.95"],
}  # fmt: skip
FLAGS = {
    "HybridopsScrapeIncomplete",
    "HybridopsWorkersDie",
    "HybridopsBreakerOpen",
    "HybridopsSpendingStopped",
}
FLAGS |= {"HybridopsBudgetFrozen", "HybridopsLedgerDiffers", "HybridopsAuditAlarm", "HybridopsBudgetBurns"}


def series(rule: dict[str, Any], *, firing: bool) -> list[dict[str, str]]:
    told = FIRING.get(rule["alert"])
    if told is None:
        (name,) = set(METRIC.findall(rule["expr"]))
        told = [name, "1" if rule["alert"] in FLAGS else "100000"]
    pairs = zip(told[::2], told[1::2], strict=True)
    quiet = {"HybridopsDown": "1", "HybridopsNoWorker": "1", "HybridopsApprovalLapsesSoon": "7200"}
    calm = quiet.get(rule["alert"], "0")
    return [
        {"series": name, "values": (much if "x" in much else f"{much}x120") if firing else f"{calm}x120"}
        for name, much in pairs
    ]


def test_every_alert_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    promtool = which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: it comes with Prometheus")
    tests = []
    for rule in RULES:
        for firing in (True, False):
            alerts = {"eval_time": "110m", "alertname": rule["alert"]}
            tests.append(
                {"input_series": series(rule, firing=firing), "interval": "1m", "alert_rule_test": [alerts]}
            )
    rules = MONITORING / "hybridops.rules.yml"
    found = {}
    for test, (rule, firing) in zip(tests, [(r, f) for r in RULES for f in (True, False)], strict=True):
        path = tmp_path / f"{rule['alert']}-{firing}.yml"
        path.write_text(
            yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]})
        )
        done = subprocess.run(
            [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
        )
        found[rule["alert"], firing] = "exp:[]" in done.stderr.replace(
            " ", ""
        ) or "got:[" in done.stderr.replace(" ", "")
    assert found == {key: key[1] for key in found}
