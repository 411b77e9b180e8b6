"""Small molecules: a variational loop over one approved template, beside the exact energy of the same Hamiltonian.

Everything that fits here is diagonalised exactly, so a run shows the way and how near a device comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.workflows import molecules_answer, molecules_loop, molecules_steps
from hybridops.workflows.molecules_settings import settings_of
from hybridops.workflows.pauli_json import parse

_FACTS = ("qubits", "depth", "one_qubit_gates", "two_qubit_gates", "circuits_max", "parameters")
_TWO_PER_TWO, _DEPTH_PER_DEPTH, _ONE_PER_TWO = 2.0, 3.5, 5.0
_LAYER_SECONDS, _READOUT_SECONDS = 4.5e-8, 1.6e-6


class Molecules:
    """The molecule family. Steps find earlier results by `summary["step"]`, whatever a stage is called."""

    name = "molecules"
    accepts = "A .json file of Pauli words, Jordan-Wigner, up to 10 qubits"
    quadratic = False
    steps: Mapping[str, Callable[[StepInput], StepOutput]] = {
        "check": molecules_steps.check,
        "baseline": molecules_steps.baseline,
        "heuristic": molecules_steps.heuristic,
        "start": molecules_steps.start,
        "encode": molecules_steps.encode,
        "control": molecules_answer.control,
        "next": molecules_loop.next_step,
        "score": molecules_answer.score,
        "answer_classically": molecules_answer.answer_classically,
    }

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]:
        """What an upload holds (JSON, the keys of `molecules_steps.facts`); raises BadInput.

        A file without a name is named after itself.
        """
        found = molecules_steps.facts(parse(data))
        if found["name"] == "Molecule" and filename:
            found["name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0][:80] or found["name"]
        return found

    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate:
        """Resources of one run from the facts of a checked molecule alone; of one circuit, not of the loop."""
        settings = settings_of(parameters)
        if not all(isinstance(problem.get(name), int) for name in _FACTS):
            raise BadInput("expected the facts of a checked molecule", field="qubits")
        qubits, depth, one, two, circuits, parameters_ = (int(problem[name]) for name in _FACTS)
        deep = round(_DEPTH_PER_DEPTH * depth)
        return Estimate(
            qubits=qubits,
            depth=deep,
            one_qubit_gates=round(one + _ONE_PER_TWO * two),
            two_qubit_gates=round(_TWO_PER_TWO * two),
            circuit_seconds=deep * _LAYER_SECONDS + _READOUT_SECONDS,
            submissions_max=settings.submissions,
            cpu_seconds=1.0 + 0.2 * parameters_,
            gpu_seconds=0.1 + 0.1 * parameters_,
            circuits_max=circuits,
        )
