"""Narrowing a market to one register: the assets in play around the incumbent, counted by a penalty."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers import selection
from hybridops.solvers.angles import choose_angles
from hybridops.solvers.arrays import array_module
from hybridops.solvers.markowitz import Market, objective, selection_qubo
from hybridops.solvers.problem import Floats, Ints
from hybridops.solvers.qubo import fix, to_ising
from hybridops.trust.canonical import canonical
from hybridops.workflows.portfolio_steps import Wanted, opened
from hybridops.workflows.register_circuit import angles_document, energies, ising_facts, made_by
from hybridops.workflows.register_steps import needed

SCHEMA = "hybridops.portfolio-choice/1"
METHOD = "the assets whose best swap costs least, as many inside the incumbent as outside"
NOTE = (
    "The incumbent is the greedy choice. Tabu search by swaps solves markets of this size in well under a second, "
    "so the register demonstrates a hybrid run and is not the way to the best portfolio."
)
_AGREES = 1e-6  # relative: further apart, the sums of the register and of the file are not of one problem


def narrow(step: StepInput) -> StepOutput:
    """Chooses the assets in play, states their choice as spins with its penalty, and chooses the angles."""
    begun = time.perf_counter()
    market, settings = opened(step)
    incumbent = needed(step, "heuristic")["chosen"]
    qubo = selection_qubo(market, settings.assets, settings.share)
    xp, device = array_module(step.prefer_gpu)
    step.report(0.2, "Choosing the assets in play")
    register = selection.in_play(qubo, incumbent, min(settings.register.qubits_max, market.assets))
    kept = sorted(set(incumbent) - set(register))
    free = fix(qubo, _others(market, register, kept)).qubo
    counted, penalty = selection.counted(free, settings.assets - len(kept))
    ising = to_ising(counted)
    step.report(0.4, f"Choosing angles: {settings.register.angle_strategy}")
    angles = choose_angles(ising, settings.register.angle_strategy, settings.register.layers, step.seed, xp)
    summary = {
        "step": "narrow",
        "incumbent": {
            "from": "heuristic",
            "objective": objective(market, incumbent, settings.assets, settings.share),
            "note": NOTE,
        },
        "method": METHOD,
        "chosen": {
            "assets": [market.labels[asset] for asset in register],
            "inside": [asset in incumbent for asset in register],
            "always": [market.labels[asset] for asset in kept],
            "never": market.assets - len(register) - len(kept),
            "to_choose": settings.assets - len(kept),
        },
        "penalty": {"size": penalty, "unit": "bp for each asset too many or too few, squared"},
        "qubits": len(register),
        "angles": angles_document(angles),
        "made_by": made_by(angles),
        "ising": ising_facts(ising),
        "device": device,
        "seconds": time.perf_counter() - begun,
    }
    document = {
        "schema": SCHEMA,
        "register": register,
        "kept": kept,
        "penalty": penalty,
        "ising": ising.document(),
        "angles": angles_document(angles),
    }
    return StepOutput(summary, {"subproblem": canonical(document)}, device, angles.nbytes)


def _others(market: Market, register: list[int], kept: list[int]) -> dict[int, int]:
    """What is decided outside the register: kept assets are in, all others out."""
    return {asset: int(asset in kept) for asset in range(market.assets) if asset not in register}


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceTable:
    """All 2^n states of a register, as `register_score.Table` asks; qubit i decides on asset `register`[i].

    `energy` carries the penalty, `objective` does not; the excess is how many assets too many or too few.
    """

    market: Market
    settings: Wanted
    register: tuple[int, ...]
    kept: tuple[int, ...]
    energy: Floats
    states: selection.Table

    @property
    def qubits(self) -> int:
        return len(self.register)

    @property
    def symmetric(self) -> bool:
        return False

    @property
    def objective(self) -> Floats:
        return self.states.energy

    @property
    def excess(self) -> Ints:
        found: Ints = np.abs(self.states.count - self.states.ones)
        return found

    def repair(self, states: Ints) -> Ints:
        return self.states.repair(states)

    def one_opt(self, states: Ints) -> Ints:
        """A single flip leaves the choices of K, so the smallest move is a swap."""
        return self.states.descend(states)

    def chosen(self, state: int) -> list[int]:
        """The assets of a state, those that are always in included; sorted."""
        bits = f"{state:0{self.qubits}b}"
        return sorted(
            [*self.kept, *(asset for asset, bit in zip(self.register, bits, strict=True) if bit == "1")]
        )

    def checked(self, state: int) -> float:
        """The objective from the file's own numbers; raises ArithmeticError where the register's differs."""
        found = objective(self.market, self.chosen(state), self.settings.assets, self.settings.share)
        looked_up = float(self.objective[state])
        if abs(found - looked_up) > _AGREES * max(1.0, abs(found)):
            raise ArithmeticError(f"the register says {looked_up!r}, the file {found!r}")
        return found


def table_of(market: Market, settings: Wanted, document: Mapping[str, Any]) -> ChoiceTable:
    """The table of a stored subproblem, its objectives built anew from the market."""
    register, kept = list(document["register"]), list(document["kept"])
    qubo = selection_qubo(market, settings.assets, settings.share)
    free = fix(qubo, _others(market, register, kept)).qubo
    return ChoiceTable(
        market=market,
        settings=settings,
        register=tuple(register),
        kept=tuple(kept),
        energy=energies(dict(document)),
        states=selection.table(free, settings.assets - len(kept)),
    )
