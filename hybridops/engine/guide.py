"""What fits a file: which of the signed workflows read it, and which hardware their default sizes ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.backends.services import known
from hybridops.definitions.queries import workflows
from hybridops.domain.advice import Fit, annealer, gate_based, shape_of
from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, Workflow
from hybridops.domain.workflow import Definition
from hybridops.engine import wiring
from hybridops.engine.authoring import other_code
from hybridops.engine.intake import UPLOAD_BYTES_MAX
from hybridops.engine.programs import ANNEALER, NOISY_QUBITS_MAX


@dataclass(frozen=True, slots=True)
class Reading:
    """One workflow's word on a file: its size and the hardware that fits, or why it cannot read it."""

    name: str
    definition: Definition
    size: str
    fits: tuple[Fit, ...]
    why_not: str = ""


def guide(data: bytes, filename: str) -> list[Reading]:
    """Every workflow that may run, those that read the file first. Nothing of the file is kept."""
    if len(data) > UPLOAD_BYTES_MAX:
        raise BadInput("The file is larger than 5 MB. Send a smaller problem.", field="upload")
    usable = [(row.name, found) for row, found, _ in workflows() if found and not other_code(found)]
    return sorted(
        (_reading(name, definition, data, filename) for name, definition in usable),
        key=lambda reading: (bool(reading.why_not), reading.definition.title),
    )


def _reading(name: str, definition: Definition, data: bytes, filename: str) -> Reading:
    workflow = wiring.workflow(definition.workflow)
    try:
        facts = workflow.describe(data, filename)
        need = workflow.estimate(facts, definition.check_parameters({}))
    except BadInput as problem:
        return Reading(name, definition, "", (), str(problem))
    return Reading(
        name, definition, str(facts.get("size", "")), tuple(_fits(workflow, definition, need, facts))
    )


def _fits(workflow: Workflow, definition: Definition, need: Estimate, facts: Mapping[str, Any]) -> list[Fit]:
    gates, annealers = [], []
    shape = shape_of(facts, need) if workflow.quadratic else None
    for backend in known():
        if backend.provider not in definition.providers:
            continue
        if backend.kind == ANNEALER:
            topology = str((backend.calibration.get("topology") or {}).get("type", ""))
            annealers.append(annealer(shape, name=backend.name, qubits=backend.qubits, topology=topology))
            continue
        noisy = backend.kind == "noisy simulator"
        most = min(backend.qubits, NOISY_QUBITS_MAX) if noisy else backend.qubits
        gates.append(gate_based(backend.name, most, backend.calibration.get("two_qubit_error"), need))
    return [*gates, *(annealers or [annealer(shape)])]
