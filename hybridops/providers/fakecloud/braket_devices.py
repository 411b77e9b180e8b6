"""The devices of the Braket stage, and how each describes itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hybridops.providers.fakecloud import machines

SHOTS_MAX = 20_000
PROGRAM = "braket.ir.openqasm.program"


@dataclass(frozen=True, slots=True)
class Device:
    """`snapshot` is the machine under it, "" the exact simulator; `shares`: it tells probabilities, not shots."""

    arn: str
    maker: str
    snapshot: str
    qubits: int
    price: float
    place: str
    shares: bool = False

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def kind(self) -> str:
        return "QPU" if self.region else "SIMULATOR"

    def summary(self) -> dict[str, Any]:
        return {
            "deviceArn": self.arn,
            "deviceName": self.arn.rsplit("/", 1)[1],
            "providerName": self.maker,
            "deviceType": self.kind,
            "deviceStatus": "ONLINE",
        }


DEVICES = (
    Device("arn:aws:braket:::device/quantum-simulator/amazon/sv1", "Amazon Braket", machines.IDEAL, 20, 0, "us"),
    Device("arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet", "IQM", "heron-torino", 20, 0.00145, "Finland"),
    Device(
        "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q",
        "Rigetti", "nighthawk-miami", 108, 0.0009, "California, USA",
    ),
    Device(
        "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1",
        "IonQ", "heron-torino", 36, 0.08, "Maryland, USA", shares=True,
    ),
)  # fmt: skip


def capabilities(found: Device) -> dict[str, Any]:
    """As the Braket device schema has it; what a calibration says is in `standardized`."""
    machine = machines.machine(found.snapshot)
    updated = machine.calibrated_at.isoformat() if machine else "2024-01-01T00:00:00+00:00"
    told_capabilities: dict[str, Any] = {
        "service": {
            "shotsRange": [1, SHOTS_MAX],
            "deviceCost": {"price": found.price, "unit": "shot" if found.region else "minute"},
            "deviceLocation": found.place,
            "updatedAt": updated,
        },
        "action": {PROGRAM: {"actionType": PROGRAM, "version": ["1"]}},
        "paradigm": {"qubitCount": found.qubits, "nativeGateSet": ["cz", "rz", "rx"]},
        "deviceParameters": {},
    }
    if machine is not None:
        told_capabilities["standardized"] = _standardized(machines.calibration(found.snapshot))
    return told_capabilities


def _standardized(calibration: dict[str, Any]) -> dict[str, Any]:
    def fidelity(name: str, error: float) -> dict[str, Any]:
        return {"fidelityType": {"name": name}, "fidelity": 1 - error, "standardError": None}

    return {
        "oneQubitProperties": {
            str(number): {
                "T1": {"value": t1, "standardError": None, "unit": "S"},
                "T2": {"value": t2, "standardError": None, "unit": "S"},
                "oneQubitFidelity": [
                    fidelity("RANDOMIZED_BENCHMARKING", gate), fidelity("READOUT", readout),
                ],
            }
            for number, t1, t2, gate, readout in calibration["qubits"]
        },
        "twoQubitProperties": {
            f"{i}-{j}": {"twoQubitGateFidelity": [fidelity("RANDOMIZED_BENCHMARKING", e) | {"gateName": "CZ"}]}
            for i, j, e in calibration["couplers"]
        },
    }  # fmt: skip
