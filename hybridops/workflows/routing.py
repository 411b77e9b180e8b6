"""Vehicle routing: classical routes first, then a quantum re-split of two of them, scored beside a control.

PyVRP solves instances of this size outright; the split demonstrates a controlled hybrid run and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.solvers.angles import TRAINING_EVALUATIONS
from hybridops.workflows import routing_answer, routing_classical, routing_narrow
from hybridops.workflows.routing_input import parse
from hybridops.workflows.routing_settings import settings_of

# What our circuits became on FakeTorino and FakeSherbrooke at level 3, 4 to 14 qubits, 1 and 2 layers: 2.7 to
# 4.6 two-qubit gates a pair of stops, 31 to 108 layers of them (about 8 a stop at worst), a total depth 3.3
# times that, 3.5 one-qubit gates beside each. On a Heron such a layer takes about 0.12 us, reading out 2 us.
_GATES_PER_PAIR, _LAYERS_PER_STOP, _DEPTH_PER_LAYER, _ONE_PER_TWO = 4, 8, 3.3, 3.5
_LAYER_SECONDS, _READOUT_SECONDS = 1.2e-7, 2e-6


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
        "encode": routing_narrow.encode,
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
        pairs = settings.layers * qubits * (qubits - 1) // 2
        layers = settings.layers * _LAYERS_PER_STOP * qubits
        return Estimate(
            qubits=qubits,
            depth=round(_DEPTH_PER_LAYER * layers) + 2,
            one_qubit_gates=round(_ONE_PER_TWO * _GATES_PER_PAIR * pairs) + 4 * qubits,
            two_qubit_gates=_GATES_PER_PAIR * pairs,
            circuit_seconds=layers * _LAYER_SECONDS + _READOUT_SECONDS,
            submissions_max=1,
            cpu_seconds=settings.baseline_seconds + 0.5 + 5e-6 * stops**2,
            gpu_seconds=0.1 + _training_seconds(settings.angle_strategy, qubits, settings.layers),
        )


def _training_seconds(strategy: str, qubits: int, layers: int) -> float:
    """The simulated circuits at about 10 ns an amplitude and layer on one core; a GPU needs less."""
    return TRAINING_EVALUATIONS * layers * (1 << qubits) * 1e-8 if strategy == "trained" else 0.0
