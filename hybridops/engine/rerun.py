"""A run computed again from its inputs: what comes out the same, what does not and why, what cannot be repeated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any

from hybridops.backends.services import recalled
from hybridops.domain.errors import HybridopsError
from hybridops.domain.placement import is_gpu
from hybridops.domain.ports import SampleSet, StepInput, StepOutput
from hybridops.domain.states import StageState
from hybridops.engine import wiring
from hybridops.engine.inputs import Inputs
from hybridops.engine.programs import source
from hybridops.trust.canonical import digest

GPU_TOLERANCE = 1e-5  # relative; a GPU adds in another order, in float32
DEADLINE_SECONDS = 600.0
_CUT = "It was cut short by its seconds, then or now: machines differ in how far they come in one."
_OF_THE_ENGINE = ("verdict", "artifacts")  # written beside what a step says
_OF_THE_MACHINE = ("seconds", "device")


@dataclass(frozen=True, slots=True)
class Row:
    """`word` is same, differs, or not repeated; `why` explains all but the first."""

    stage: str
    word: str
    why: str = ""


def rerun(inputs: Inputs) -> Iterator[Row]:
    """Each stage that ran, in order, from the recorded results of those before it."""
    told = inputs.told
    results: dict[str, Any] = {}
    for stage in told["stages"]:
        kind, step = stage["spec"]["kind"], stage["spec"]["step"]
        if stage["state"] != StageState.DONE:
            yield Row(stage["key"], "not repeated", f"it did not run to its end: {stage['state']}")
        elif kind == "gate":
            yield Row(stage["key"], "not repeated", "people or a policy decided; the log has it")
        elif kind == "quantum":
            yield from _sampled(inputs)
        elif step == "compile":
            yield from _compiled(inputs, stage)
        else:
            results[stage["key"]] = stage["summary"]
            yield _again(inputs, stage, results)
        results[stage["key"]] = stage["summary"]


def _again(inputs: Inputs, stage: Mapping[str, Any], results: Mapping[str, Any]) -> Row:
    workflow = wiring.workflow(inputs.told["plan"]["family"])
    samples = [SampleSet(**json.loads(inputs.artifact(row["result"]))) for row in _answered(inputs)]
    given = StepInput(
        problem=inputs.artifact(inputs.told["plan"]["data"]),
        parameters=inputs.told["parameters"],
        seed=inputs.told["plan"]["seed"],
        results={key: found for key, found in results.items() if found},
        artifact=inputs.artifact,
        samples=samples,
        bindings=[row.get("bindings", []) for row in _answered(inputs)],
        deadline_seconds=DEADLINE_SECONDS,
    )
    output = workflow.steps[_step(inputs, stage)](given)
    tolerance = GPU_TOLERANCE if is_gpu(stage["device"] or "") or is_gpu(output.device) else 0.0
    differs = next(_differences(_said(stage["summary"]), _said(_output(output)), tolerance), "")
    if not differs and not tolerance and _artifacts(output) != stage["summary"].get("artifacts", {}):
        differs = "its files have other digests"
    if not differs:
        return Row(stage["key"], "same", f"within {tolerance:g}" if tolerance else "")
    cut = "time" in (stage["summary"].get("stopped_by"), output.summary.get("stopped_by"))
    return Row(stage["key"], "differs", f"{differs}. {_CUT if cut else _explained(inputs)}")


def _step(inputs: Inputs, stage: Mapping[str, Any]) -> str:
    """As the engine chose it: without a QPU answer the classical one stands in."""
    kinds = {one["spec"]["kind"]: one["state"] for one in inputs.told["stages"]}
    fell_back = stage["spec"]["kind"] == "score" and kinds.get("quantum", StageState.DONE) != StageState.DONE
    return "answer_classically" if fell_back else str(stage["spec"]["step"])


def _explained(inputs: Inputs) -> str:
    told = inputs.told
    if told["implementation"] != wiring.implementation(told["plan"]["family"]):
        return "The code is not the one that ran: install the version the definition was signed for."
    return "Code and inputs are the same: look for another version of a library, or a defect."


def _compiled(inputs: Inputs, stage: Mapping[str, Any]) -> Iterator[Row]:
    """The same circuit, calibration and seed give the same program, to the byte."""
    stages = (one["summary"] for one in inputs.told["stages"])
    named = next(found["artifacts"] for found in stages if "circuit" in found)
    seed = inputs.told["plan"]["seed"]
    for body in stage["summary"]["programs"]:
        name, snapshot = f"{stage['key']} for {body['backend']}", inputs.told["backends"][body["snapshot"]]
        try:
            backend = recalled(body["snapshot"], snapshot)
            text = inputs.artifact(named[source(backend.kind)]).decode()
            made = wiring.provider(body["provider"]).compile(text, backend, seed=seed)
        except HybridopsError as problem:
            yield Row(name, "not repeated", str(problem))
            continue
        same = made.digest == body["digest"]
        yield Row(name, "same") if same else Row(name, "differs", f"another program. {_explained(inputs)}")


def _sampled(inputs: Inputs) -> Iterator[Row]:
    """A simulator's counts follow from program, shots and seed; hardware never gives the same twice."""
    for row in _answered(inputs):
        name, recorded = f"submission {row['ordinal']}", json.loads(inputs.artifact(row["result"]))
        compute = wiring.simulation(row["provider"])
        if compute is None:
            yield Row(name, "not repeated", f"{row['backend']} is no simulator of this installation")
            continue
        share = recorded["shots_done"] / recorded["shots_asked"]
        method = "aer" if recorded["metadata"].get("method") == "Aer" else "trajectories"
        asked = {"backend": row["backend"], "text": inputs.artifact(row["program"]).decode(), "share": share}
        bindings = row.get("bindings", [])
        if bindings:
            asked["bindings"] = bindings
        shots = row["shots"] // max(1, len(bindings))
        again = compute({**asked, "shots": shots, "seed": row["seed"], "method": method})
        same = all(again.get(name, []) == recorded.get(name, []) for name in ("counts", "parts"))
        yield (
            Row(name, "same")
            if same
            else Row(name, "differs", "other counts for the same program, shots and seed")
        )


def _answered(inputs: Inputs) -> list[Mapping[str, Any]]:
    return [row for row in inputs.told["submissions"] if row["result"]]


def _output(output: StepOutput) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads(json.dumps(output.summary))
    return told


def _artifacts(output: StepOutput) -> dict[str, str]:
    return {name: digest(data) for name, data in output.artifacts.items()}


def _said(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in summary.items() if name not in _OF_THE_ENGINE}


def _differences(before: Any, after: Any, tolerance: float, path: str = "") -> Iterator[str]:
    """Paths at which two JSON values differ, but for measured time and the machine's name."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after} - set(_OF_THE_MACHINE)):
            where = f"{path}.{name}" if path else name
            if name not in before or name not in after:
                yield f"{where} is only in {'the record' if name in before else 'the rerun'}"
            else:
                yield from _differences(before[name], after[name], tolerance, where)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, tolerance, f"{path}[{at}]")
    elif not _alike(before, after, tolerance):
        yield f"{path} was {str(before)[:60]} and is {str(after)[:60]}"


def _alike(before: Any, after: Any, tolerance: float) -> bool:
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    return bool(before == after or (numbers and tolerance and isclose(before, after, rel_tol=tolerance)))
