"""Circuit sampling: an uploaded circuit is sampled, and the counts are compared with the ideal distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.workflows import circuits_answer, circuits_steps
from hybridops.workflows.circuits_steps import settings_of
from hybridops.workflows.openqasm import parse

# What ten circuits of QASMBench with 2 to 14 qubits became on a Heron's calibration at level 3: 0.7 to 2.3 two-qubit
# gates for each written one, 0.8 to 4 times the depth, about 5 one-qubit gates beside each two-qubit gate; a layer
# of that depth takes 30 to 47 ns, reading out 1.6 us.
_TWO_PER_TWO, _DEPTH_PER_DEPTH, _ONE_PER_TWO = 2.0, 3.5, 5.0
_LAYER_SECONDS, _READOUT_SECONDS = 4.5e-8, 1.6e-6
_AMPLITUDE_SECONDS = 1e-8  # an amplitude and gate, measured 8.6 ns on one core; a GPU needs less


class Circuits:
    """The circuit family. Steps find earlier results by `summary["step"]`, whatever a stage is called."""

    name = "circuits"
    accepts = "A .qasm file, OpenQASM 2.0 or 3.0"
    quadratic = False
    steps: Mapping[str, Callable[[StepInput], StepOutput]] = {
        "check": circuits_steps.check,
        "ideal": circuits_steps.ideal,
        "encode": circuits_steps.encode,
        "control": circuits_answer.control,
        "score": circuits_answer.score,
        "answer_classically": circuits_answer.answer_classically,
    }

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]:
        """What an upload holds (JSON, the keys of `circuits_steps.facts`), named after the file; raises BadInput."""
        found = circuits_steps.facts(parse(data))
        found["name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0][:80] or found["name"]
        return found

    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate:
        """Resources of one run from the facts of a checked circuit alone."""
        settings_of(parameters)
        wanted = ("qubits", "depth", "one_qubit_gates", "two_qubit_gates")
        if not all(isinstance(problem.get(name), int) for name in wanted):
            raise BadInput("expected the facts of a checked circuit", field="qubits")
        qubits, depth, one, two = (int(problem[name]) for name in wanted)
        deep = round(_DEPTH_PER_DEPTH * depth)
        return Estimate(
            qubits=qubits,
            depth=deep,
            one_qubit_gates=round(one + _ONE_PER_TWO * two),
            two_qubit_gates=round(_TWO_PER_TWO * two),
            circuit_seconds=deep * _LAYER_SECONDS + _READOUT_SECONDS,
            submissions_max=1,
            cpu_seconds=1.0 + 5e-5 * (one + two),
            gpu_seconds=0.1 + ((one + two) << qubits) * _AMPLITUDE_SECONDS,
        )
