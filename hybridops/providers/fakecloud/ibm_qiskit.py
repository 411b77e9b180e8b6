"""What qiskit-ibm-runtime's own SamplerV2 sends and wants back: circuits as QPY, results as its encoded objects.

Our adapter sends text and gets numbers; this is for whoever rehearses with the SDK itself, and a check from outside
that the dialect is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.providers import qasm
from hybridops.providers.qasm import Circuit, Gate

BITS = "c"  # what our own circuits call their register


def text_of(sent: Any) -> tuple[str, str]:
    """A pub's circuit as our OpenQASM, and the name of its register; raises BadInput for what is not straight."""
    if isinstance(sent, str):
        return sent, BITS
    from qiskit_ibm_runtime import RuntimeDecoder

    made = json.loads(json.dumps(sent), cls=RuntimeDecoder)
    if len(made.cregs) != 1 or made.parameters:
        raise BadInput("Only bound circuits with one classical register are played here.")
    return qasm.write(_circuit(made), hardware=True), str(made.cregs[0].name)


def _circuit(made: Any) -> Circuit:
    gates: list[Gate] = []
    measured: dict[int, int] = {}
    for step in made.data:
        name, on = step.operation.name, tuple(made.find_bit(qubit).index for qubit in step.qubits)
        if name == "measure":
            measured[made.find_bit(step.clbits[0]).index] = on[0]
        elif name in qasm.GATES:
            gates.append(Gate(name, on, float(step.operation.params[0]) if step.operation.params else None))
        elif name not in ("barrier", "delay"):
            raise BadInput(f"The gate {name} is not played here.")
    if sorted(measured) != list(range(made.num_clbits)):
        raise BadInput("Every bit has to be measured.")
    used = {qubit for gate in gates for qubit in gate.on}.union(measured.values())
    return Circuit(tuple(sorted(used)), tuple(gates), tuple(measured[bit] for bit in range(len(measured))))


def encoded(found: Sequence[tuple[str, Mapping[str, int]]]) -> dict[str, Any]:
    """A primitive's result as the SDK decodes it; register and counts of each circuit."""
    from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult
    from qiskit_ibm_runtime import RuntimeEncoder

    pubs = []
    for register, counts in found:
        bits = BitArray.from_counts({text[::-1]: count for text, count in counts.items()})
        pubs.append(SamplerPubResult(DataBin(**{register: bits})))
    result = PrimitiveResult(pubs, metadata={"version": 2})
    told: dict[str, Any] = json.loads(json.dumps(result, cls=RuntimeEncoder))
    return told
