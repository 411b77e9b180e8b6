"""Quantum-kernel classification: a small machine on measured kernel entries, beside an RBF machine.

Everything that fits here is simulated exactly, so a run shows the way and how near a device comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.workflows import kernels_answer, kernels_loop, kernels_steps
from hybridops.workflows.kernels_circuit import counted
from hybridops.workflows.kernels_settings import SUBMISSIONS, settings_of
from hybridops.workflows.table_csv import parse

# A chain of neighbours needs few swaps: what is written becomes about as many gates on a device.
_TWO_PER_TWO, _DEPTH_PER_DEPTH, _ONE_PER_TWO = 1.2, 3.0, 5.0
_LAYER_SECONDS, _READOUT_SECONDS = 4.5e-8, 1.6e-6


class Kernels:
    """The kernel family. Steps find earlier results by `summary["step"]`, whatever a stage is called."""

    name = "kernels"
    accepts = "A .csv table of numbers whose last column has two classes"
    quadratic = False
    steps: Mapping[str, Callable[[StepInput], StepOutput]] = {
        "check": kernels_steps.check,
        "baseline": kernels_steps.baseline,
        "heuristic": kernels_steps.heuristic,
        "simulate": kernels_steps.simulate,
        "encode": kernels_steps.encode,
        "control": kernels_answer.control,
        "next": kernels_loop.next_step,
        "score": kernels_answer.score,
        "answer_classically": kernels_answer.answer_classically,
    }

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]:
        """What an upload holds (JSON, the keys of `kernels_steps.facts`); raises BadInput.

        A table without a name is named after its file.
        """
        found = kernels_steps.facts(parse(data))
        if found["name"] == "Table" and filename:
            found["name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0][:80] or found["name"]
        return found

    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate:
        """Resources of one run from the facts of a checked table alone; of one circuit, not of all entries."""
        settings = settings_of(parameters)
        if not all(isinstance(problem.get(name), int) for name in ("rows", "features")):
            raise BadInput("expected the facts of a checked table", field="rows")
        qubits, rows = min(settings.features, int(problem["features"])), int(problem["rows"])
        circuit = counted(qubits)
        deep, two = round(_DEPTH_PER_DEPTH * circuit["depth"]), circuit["two_qubit_gates"]
        return Estimate(
            qubits=qubits,
            depth=deep,
            one_qubit_gates=round(circuit["one_qubit_gates"] + _ONE_PER_TWO * two),
            two_qubit_gates=round(_TWO_PER_TWO * two),
            circuit_seconds=deep * _LAYER_SECONDS + _READOUT_SECONDS,
            submissions_max=SUBMISSIONS,
            cpu_seconds=1.0 + 6e-6 * rows * rows,
            gpu_seconds=0.2 + 3e-6 * rows * rows + 1e-7 * (rows << qubits),
            circuits_max=settings.bindings_max,
        )
