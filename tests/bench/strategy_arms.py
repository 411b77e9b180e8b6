"""The strategies themselves: loops on the simulated QPU, and jobs whose angles come from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from hybridops.providers import compiling, qasm, sampling
from hybridops.providers.devices import device
from hybridops.solvers.angles import choose_angles
from hybridops.solvers.problem import Floats, Ints
from hybridops.workflows.qaoa_circuit import qaoa_circuit
from tests.bench.strategy_instances import SEED, VARIABLES, Instance

DEVICE = "heron-torino"
LAYOUTS = Path(gettempdir()) / "hybridops-bench-layouts"
LOOPS = ("textbook loop", "scaled loop", "warm start")
ONE_JOB = ("ramp", "transferred", "donor", "trained")
_BOX = (2.0, np.pi / 4)  # where training looks: scaled gamma, beta
_PLACE = {name: place for place, name in enumerate((*LOOPS, *ONE_JOB))}


@dataclass(frozen=True)
class Sizes:
    """Shots of a job, shots that measure a strategy at its final angles, evaluations of a loop at most."""

    shots: int = 1_024
    measured: int = 8_192
    evaluations: Mapping[str, int] = field(
        default_factory=lambda: {"textbook loop": 60, "scaled loop": 60, "warm start": 10}
    )


PLANNED = Sizes()


class Machine:
    """The simulated QPU for one instance and strategy; every job draws with a seed of its own."""

    def __init__(self, instance: Instance, seed: list[int]) -> None:
        self.instance, self.seed, self.jobs = instance, seed, 0

    def counts(self, gamma: float, beta: float, shots: int) -> Ints:
        """How often each of the 4,096 states was read."""
        text = qaoa_circuit(self.instance.ising, [gamma], [beta], {}).text
        program = compiling.for_device(qasm.parse(text), "local", DEVICE, kept=LAYOUTS)
        self.jobs += 1
        seed = int(np.random.SeedSequence([*self.seed, self.jobs]).generate_state(1)[0])
        drawn, _ = sampling.sample_noisy(qasm.parse(program.text), device(DEVICE), shots=shots, seed=seed)
        found: Ints = np.zeros(1 << VARIABLES, dtype=np.int64)
        for state, count in drawn.items():
            found[int(state, 2)] = count
        return found


def run(instance: Instance, name: str, which: int, sizes: Sizes = PLANNED) -> dict[str, Any]:
    """One strategy on one instance: jobs that it bills, and accepted shots of those that measure it.

    `hits` and `hits_after` 1-opt are of `measured` shots; `kept` and `kept_after` say whether any sample of any job
    of a loop was accepted; `evaluations` are the classical simulations that chose or started the angles.
    """
    seed = [SEED, which, _PLACE[name], *instance.family.encode(), instance.number]
    machine = Machine(instance, seed)
    found: dict[str, Any] = {"jobs": 1, "evaluations": 0}
    if name in LOOPS:
        (gamma, beta), found = _loop(machine, name, seed, sizes)
    else:
        angles = choose_angles(instance.ising, name, 1, SEED)
        (gamma,), (beta,) = angles.gammas, angles.betas
        found["evaluations"] = angles.evaluations
    counts = machine.counts(gamma, beta, sizes.measured)
    return {
        **found,
        "angles": [gamma * instance.ising.scale, beta],
        "hits": int(counts[instance.accepted].sum()),
        "hits_after": int(counts[instance.accepted_after].sum()),
    }


def _loop(
    machine: Machine, name: str, seed: list[int], sizes: Sizes
) -> tuple[tuple[float, float], dict[str, Any]]:
    """COBYLA on the mean energy of the shots, then a job at the best angles; these, and what was billed."""
    from scipy.optimize import minimize

    instance = machine.instance
    start, unit, step, evaluations = _start(instance, name, seed)
    seen: Ints = np.zeros(1 << VARIABLES, dtype=np.int64)

    def mean(point: Floats) -> float:
        counts = machine.counts(float(point[0]) / unit, float(point[1]), sizes.shots)
        seen[...] += counts
        return float(counts @ instance.energy) / sizes.shots

    options = {"maxiter": sizes.evaluations[name], "rhobeg": step}
    best = minimize(mean, start, method="COBYLA", options=options).x
    angles = float(best[0]) / unit, float(best[1])
    seen += machine.counts(*angles, sizes.shots)
    return angles, {
        "jobs": machine.jobs,
        "evaluations": evaluations,
        "kept": bool(seen[instance.accepted].any()),
        "kept_after": bool(seen[instance.accepted_after].any()),
    }


def _start(instance: Instance, name: str, seed: list[int]) -> tuple[Floats, float, float, int]:
    """Where a loop starts, what its gamma is divided by, its first step, and the simulations the start took."""
    rng, scale = np.random.default_rng(seed), instance.ising.scale
    if name == "textbook loop":
        return rng.random(2) * (2 * np.pi, np.pi), 1.0, 1.0, 0
    if name == "scaled loop":
        return rng.random(2) * _BOX, scale, 0.25, 0
    angles = choose_angles(instance.ising, "trained", 1, SEED)
    return np.array([angles.gammas[0] * scale, angles.betas[0]]), scale, 0.1, angles.evaluations
