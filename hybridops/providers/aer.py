"""The same job in qiskit-aer with the vendor's own noise model: slow, and what our trajectories are checked by."""

from __future__ import annotations

from functools import cache
from typing import Any

from hybridops.providers.devices import Device
from hybridops.providers.noise import schedule
from hybridops.providers.qasm import Circuit


def sample_aer(
    circuit: Circuit, device: Device, *, shots: int, seed: int
) -> tuple[dict[str, int], dict[str, Any]]:
    """Counts as `sampling.sample_noisy` gives them. Waits are the same; the noise is Aer's, not twirled."""
    found = _simulator(device.origin.removeprefix("ibm_")).run(
        _circuit(circuit, device), shots=shots, seed_simulator=seed % (1 << 31)
    )
    counts = {text[::-1]: int(count) for text, count in found.result().get_counts().items()}
    return dict(sorted(counts.items())), {"method": "Aer"}


def _circuit(circuit: Circuit, device: Device) -> Any:
    from qiskit import QuantumCircuit

    made = QuantumCircuit(device.size, len(circuit.measured))
    for event in schedule(circuit, device).events:
        if event.gate is None:
            made.delay(event.seconds, event.on[0], unit="s")
        else:
            angles = [] if event.gate.angle is None else [event.gate.radians]
            getattr(made, event.gate.name)(*angles, *event.on)
    for bit, qubit in enumerate(circuit.measured):
        made.measure(qubit, bit)
    return made


@cache
def _simulator(origin: str) -> Any:
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime import fake_provider

    return AerSimulator.from_backend(getattr(fake_provider, f"Fake{origin.title()}")())
