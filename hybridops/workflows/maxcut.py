"""MaxCut and QUBO: reduced and searched classically first, then a few variables on a QPU, beside a control.

Tabu search solves what fits here; the register demonstrates a controlled hybrid run and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.workflows import (
    maxcut_answer,
    maxcut_classical,
    maxcut_facts,
    maxcut_narrow,
    maxcut_reduce,
    register_circuit,
)
from hybridops.workflows.maxcut_input import parse
from hybridops.workflows.register_settings import settings_of


class MaxCut:
    """The family of graphs and QUBOs. Steps find earlier results by `summary["step"]`, whatever a stage is called."""

    name = "maxcut"
    accepts = "A .mc, .txt, .sparse, .qubo, .json or .csv file"
    quadratic = True
    steps: Mapping[str, Callable[[StepInput], StepOutput]] = {
        "check": maxcut_classical.check,
        "reduce": maxcut_reduce.reduce,
        "heuristic": maxcut_classical.heuristic,
        "baseline": maxcut_classical.baseline,
        "narrow": maxcut_narrow.narrow,
        "encode": register_circuit.encode,
        "control": maxcut_answer.control,
        "score": maxcut_answer.score,
        "answer_classically": maxcut_answer.answer_classically,
    }

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]:
        """What an upload holds (JSON, the keys of `maxcut_facts.facts`); raises BadInput.

        A file without a title is named after itself.
        """
        found = maxcut_facts.facts(parse(data))
        if found["name"] in ("Graph", "QUBO") and filename:
            found["name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0][:80] or found["name"]
        return found

    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate:
        """Resources of one run from the variables and the parameters alone, at the largest register allowed."""
        settings = settings_of(parameters)
        variables = problem.get("variables")
        if not isinstance(variables, int):
            raise BadInput("expected the facts of a checked problem", field="variables")
        own = settings.baseline_seconds + 1.0 + 5e-6 * variables**2
        return register_circuit.estimate(min(settings.qubits_max, variables), settings, cpu_seconds=own)
