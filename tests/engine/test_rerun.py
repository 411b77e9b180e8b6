"""A run computed again from its inputs alone: the same to the byte, or the difference by its name."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hybridops.backends.services import observe
from hybridops.cli.rehearsal import history
from hybridops.cli.rehearsal.people import found_demo
from hybridops.domain import clock
from hybridops.domain.errors import BadInput
from hybridops.engine import wiring
from hybridops.engine.inputs import Inputs, export_inputs, read_inputs
from hybridops.engine.rerun import Row, rerun
from hybridops.experiments.announce import silence
from hybridops.experiments.models import Run
from hybridops.trust.canonical import canonical

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # two real runs, computed twice


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[dict[str, Run]]:
    """One run that went the whole way, and one that needed no QPU, on the real simulator."""
    found_demo(clock.now().date())
    records = list(wiring._records)
    wiring.record_in(tmp_path / "recordings")
    with silence():
        observe(wiring.provider("local").backends())
        like = next(one for one in history.plan(clock.now()) if one.path == "approve")
        told = replace(
            like, problem="wave-11", shots=64, seed=1, backend="heron-torino", fallback="classical"
        )
        for path, priority in (("approve", "research"), ("needless", "production")):
            history._live(replace(told, number=len(path), path=path, priority=priority))
    yield {"whole": Run.objects.earliest("pk"), "needless": Run.objects.latest("pk")}
    wiring._records[:] = records
    wiring.workflow.cache_clear()
    wiring.provider.cache_clear()


def changed(data: bytes, change: Callable[[dict[str, Any]], None]) -> Inputs:
    inputs = read_inputs(data)
    told = json.loads(json.dumps(inputs.told))
    change(told)
    return Inputs(told, inputs.artifacts)


def words(rows: Iterator[Row]) -> dict[str, str]:
    return {row.stage: row.word for row in rows}


def test_every_classical_and_simulated_figure_comes_out_the_same(runs: dict[str, Run]) -> None:
    computed = {"validate", "heuristic", "baseline", "narrow", "encode", "control", "score"}
    for name, run in runs.items():
        found = words(rerun(read_inputs(export_inputs(run))))
        assert {key for key, word in found.items() if word == "same"} >= computed, (name, found)
        assert "differs" not in found.values()
        assert found["compile for heron-torino"] == "same"
        assert found["gate"] == "not repeated"
    assert words(rerun(read_inputs(export_inputs(runs["whole"]))))["submission 1"] == "same"


def test_what_differs_is_named_and_explained(runs: dict[str, Run]) -> None:
    data = export_inputs(runs["whole"])

    def claim_more(told: dict[str, Any]) -> None:
        stage = next(one for one in told["stages"] if one["key"] == "control")
        stage["summary"]["control"]["baseline"] -= 1
        told["implementation"] = "0" * 64

    rows = {row.stage: row for row in rerun(changed(data, claim_more))}
    assert rows["control"].word == "differs"
    assert rows["control"].why.startswith("control.baseline was ")
    assert "The code is not the one that ran" in rows["control"].why

    def cut_short(told: dict[str, Any]) -> None:
        stage = next(one for one in told["stages"] if one["key"] == "baseline")
        stage["summary"] |= {"stopped_by": "time", "objective": 1}

    rows = {row.stage: row for row in rerun(changed(data, cut_short))}
    assert "cut short by its seconds" in rows["baseline"].why

    def forge_samples(told: dict[str, Any]) -> None:
        told["submissions"][0]["seed"] += 1

    assert words(rerun(changed(data, forge_samples)))["submission 1"] == "differs"

    def on_hardware(told: dict[str, Any]) -> None:
        told["submissions"][0]["provider"] = "vendor"

    rows = {row.stage: row for row in rerun(changed(data, on_hardware))}
    assert (rows["submission 1"].word, "no simulator" in rows["submission 1"].why) == ("not repeated", True)


def test_a_gpu_s_figures_are_the_same_within_what_is_said(runs: dict[str, Run]) -> None:
    def on_a_gpu(share: float) -> Callable[[dict[str, Any]], None]:
        def change(told: dict[str, Any]) -> None:
            stage = next(one for one in told["stages"] if one["key"] == "narrow")
            stage["device"] = stage["summary"]["device"] = "GPU of another machine"
            stage["summary"]["angles"]["expected_energy"] *= 1 + share

        return change

    data = export_inputs(runs["whole"])
    rows = {row.stage: row for row in rerun(changed(data, on_a_gpu(1e-4)))}
    assert "angles.expected_energy" in rows["narrow"].why
    rows = {row.stage: row for row in rerun(changed(data, on_a_gpu(1e-7)))}
    assert (rows["narrow"].word, rows["narrow"].why) == ("same", "within 1e-05")


def test_the_commands_need_no_more_than_the_file(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "inputs.zip"
    call_command("inputs", runs["whole"].pk, file)
    with CaptureQueriesContext(connection) as asked:
        call_command("rerun", file, "--json")
    assert asked.captured_queries == []
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert {"stage": "baseline", "word": "same", "why": ""} in rows
    with pytest.raises(CommandError, match="There is no run 999"):
        call_command("inputs", 999, file)


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, data in files.items():
            file.writestr(name.replace("__", "/").replace("_json", ".json"), data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a file of"),
        (packed(other_json=b"{}"), "not a file of"),
        (packed(run_json=canonical({"schema": "x"})), "This is not hybridops.inputs/1"),
        (packed(run_json=canonical({"schema": "hybridops.inputs/1"}), artifacts__abc=b"x"), "was altered"),
    ],
)
def test_what_is_no_export_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_inputs(data)
