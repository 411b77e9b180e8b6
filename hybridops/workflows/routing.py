"""Vehicle routing: classical routes first, then a quantum re-split of two of them, scored beside a control.

PyVRP solves instances of this size outright; the split demonstrates a controlled hybrid run and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.workflows import register_circuit, routing_answer, routing_classical, routing_narrow
from hybridops.workflows.register_settings import settings_of
from hybridops.workflows.routing_input import parse


class Routing:
    """The routing family. Steps find earlier results by `summary["step"]`, whatever a stage is called."""

    name = "routing"
    accepts = "A .vrp, .tsp or .csv file"
    quadratic = True
    steps: Mapping[str, Callable[[StepInput], StepOutput]] = {
        "check": routing_classical.check,
        "heuristic": routing_classical.heuristic,
        "baseline": routing_classical.baseline,
        "narrow": routing_narrow.narrow,
        "encode": register_circuit.encode,
        "control": routing_answer.control,
        "score": routing_answer.score,
        "answer_classically": routing_answer.answer_classically,
    }

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]:
        """What an upload holds (JSON, the keys of `routing_classical.facts`); raises BadInput.

        A CSV without a title is named after the file.
        """
        problem = parse(data)
        found = routing_classical.facts(problem)
        if problem.name == "Stops" and filename:
            found["name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0][:80] or problem.name
        return found

    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate:
        """Resources of one run from the stops and the parameters alone, at the largest split allowed."""
        settings = settings_of(parameters)
        stops = problem.get("stops")
        if not isinstance(stops, int):
            raise BadInput("expected the facts of a checked problem", field="stops")
        qubits = min(settings.qubits_max, stops)
        own = settings.baseline_seconds + 0.5 + 5e-6 * stops**2
        return register_circuit.estimate(qubits, settings, cpu_seconds=own)
