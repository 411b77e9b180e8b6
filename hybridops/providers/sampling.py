"""From a circuit and a seed to counts: exactly, or along Pauli trajectories under a device's noise.

Trajectories: the errors of each are drawn first. All that have had none yet share row 0; a trajectory gets a
row of its own at its first error, so the work is only what follows errors. Where a shot each would be too
much work, several shots are drawn from one trajectory (`shots_per_trajectory` in the metadata): unbiased,
but they are not independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hybridops.domain.errors import BadInput
from hybridops.providers.devices import Device
from hybridops.providers.kernels import Register, States, diagonal
from hybridops.providers.layers import Builder, Layer, Site, noiseless, unitary
from hybridops.providers.noise import WIRES_MAX, schedule, twirl
from hybridops.providers.qasm import Circuit

IDEAL_QUBITS_MAX = 20
WORK_MAX = 1_200_000_000  # amplitudes times layers times trajectories, about five seconds of one core
PART_BYTES = 8 * 1024 * 1024  # of the states worked on at a time: near the processor

type Outcomes = NDArray[np.uint8]  # (shots, wires), 0 or 1


def sample_ideal(circuit: Circuit, *, shots: int, seed: int) -> tuple[dict[str, int], dict[str, Any]]:
    """Counts of the exact distribution, and what was done. Double precision."""
    wires = _wires(circuit, IDEAL_QUBITS_MAX)
    register = Register(len(wires), 1, np.complex128)
    for layer in noiseless(circuit.gates, wires):
        register.singles(layer.singles)
        register.phase(diagonal(layer.phases, len(wires), np.complex128))
    drawn = register.sample(0, shots, np.random.default_rng(seed))
    counts = _counts(_bits(drawn, len(wires)), circuit, wires)
    return counts, {"method": "exact state vector"}


def sample_noisy(
    circuit: Circuit, device: Device, *, shots: int, seed: int
) -> tuple[dict[str, int], dict[str, Any]]:
    """Counts along Pauli trajectories with the device's noise, and what was done. Single precision."""
    wires = _wires(circuit, WIRES_MAX)
    layers = _noisy_layers(circuit, device, wires)
    rng = np.random.default_rng(seed)
    per = _shots_per_trajectory(shots, len(layers) << len(wires))
    factors = [diagonal(layer.phases, len(wires), np.complex64) for layer in layers]
    parts = _parts(shots, per, rows_max=PART_BYTES // (8 << len(wires)))
    outcomes = np.concatenate([_trajectories(layers, factors, len(wires), part, rng) for part in parts])
    flipped = _read_out(outcomes, device, wires, rng)
    method = {
        "method": "Pauli trajectories",
        "trajectories": -(-shots // per),
        "shots_per_trajectory": per,
    }
    return _counts(flipped, circuit, wires), method


def _wires(circuit: Circuit, most: int) -> dict[int, int]:
    if len(circuit.qubits) > most:
        raise BadInput(f"{len(circuit.qubits)} qubits are too many to simulate here, at most {most}.")
    return {qubit: wire for wire, qubit in enumerate(circuit.qubits)}


def _noisy_layers(circuit: Circuit, device: Device, wires: Mapping[int, int]) -> list[Layer]:
    builder = Builder(len(wires), noisy=True)
    for event in schedule(circuit, device).events:
        on = tuple(wires[qubit] for qubit in event.on)
        if event.gate is None:
            builder.noise(Site(on, twirl(event.seconds, device.qubits[event.on[0]])))
        elif len(on) == 2:
            builder.phase(on[0], on[1], None, Site(on, (event.error * 1.25 / 15,) * 15))
        else:
            builder.single(on[0], unitary(event.gate))
            if event.error:
                builder.noise(Site(on, (event.error * 1.5 / 3,) * 3))
    return builder.finish()


def _shots_per_trajectory(shots: int, work: int) -> int:
    return max(1, -(-shots * work // WORK_MAX))


def _parts(shots: int, per: int, *, rows_max: int) -> list[list[int]]:
    """Shots of each trajectory, in parts that fit into memory."""
    sizes = [per] * (shots // per) + ([shots % per] if shots % per else [])
    step = max(1, rows_max - 1)
    return [sizes[start : start + step] for start in range(0, len(sizes), step)]


def _trajectories(
    layers: Sequence[Layer],
    factors: Sequence[States | None],
    wires: int,
    sizes: Sequence[int],
    rng: np.random.Generator,
) -> Outcomes:
    """Outcomes (shots, wires) before the read-out's own errors; `sizes` are the shots of each trajectory."""
    drawn = [
        (
            [_draw(site, len(sizes), rng) for site in layer.before],
            [_draw(s, len(sizes), rng) for s in layer.after],
        )
        for layer in layers
    ]
    noisy = {int(who) for both in drawn for part in both for hits in part for who in hits[0]}
    register = Register(wires, 1 + len(noisy), np.complex64)
    rows: dict[int, int] = {}
    for layer, factor, (before, after) in zip(layers, factors, drawn, strict=True):
        register.singles(layer.singles)
        _strike(register, rows, layer.before, before)
        register.phase(factor)
        _strike(register, rows, layer.after, after)
    shots: Counter[int] = Counter()
    for who, size in enumerate(sizes):
        shots[rows.get(who, 0)] += size
    return _bits(np.concatenate([register.sample(row, n, rng) for row, n in sorted(shots.items())]), wires)


type Hits = tuple[NDArray[np.intp], NDArray[np.intp]]  # trajectories, and which Pauli (from 1) each suffers


def _draw(site: Site, trajectories: int, rng: np.random.Generator) -> Hits:
    edges = np.cumsum(site.chances)
    number = rng.random(trajectories)
    who = np.flatnonzero(number < edges[-1])
    return who, 1 + np.searchsorted(edges, number[who], side="right")


def _strike(register: Register, rows: dict[int, int], sites: Sequence[Site], drawn: Sequence[Hits]) -> None:
    """Applies the drawn errors; a trajectory with its first one leaves row 0."""
    for who in sorted({int(who) for hits in drawn for who in hits[0]} - rows.keys()):
        rows[who] = register.branch(1)[0]
    for site, (hit, paulis) in zip(sites, drawn, strict=True):
        for who, pauli in zip(hit.tolist(), paulis.tolist(), strict=True):
            for place, wire in enumerate(site.wires):
                if kind := (pauli >> 2 * place) & 3:
                    register.pauli(rows[who], wire, kind)


def _read_out(
    outcomes: Outcomes, device: Device, wires: Mapping[int, int], rng: np.random.Generator
) -> Outcomes:
    qubits = [device.qubits[qubit] for qubit in sorted(wires, key=wires.__getitem__)]
    chance = np.where(outcomes, [qubit.flip10 for qubit in qubits], [qubit.flip01 for qubit in qubits])
    return outcomes ^ (rng.random(outcomes.shape) < chance)


def _bits(numbers: NDArray[np.int64], wires: int) -> Outcomes:
    return ((numbers[:, None] >> np.arange(wires - 1, -1, -1)) & 1).astype(np.uint8)


def _counts(outcomes: Outcomes, circuit: Circuit, wires: Mapping[int, int]) -> dict[str, int]:
    """By outcome, in order: bit i from the left is the circuit's bit i."""
    places = [wires[qubit] for qubit in circuit.measured]
    text = np.ascontiguousarray(outcomes[:, places] + ord("0")).view(f"S{len(places)}")
    names, counts = np.unique(text, return_counts=True)
    return {name.decode(): int(count) for name, count in zip(names, counts, strict=True)}
