"""All states of a portfolio's register, as `register_score` asks for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hybridops.solvers import selection
from hybridops.solvers.markowitz import Market, objective, selection_qubo
from hybridops.solvers.problem import Floats, Ints
from hybridops.solvers.qubo import fix
from hybridops.workflows.portfolio_steps import Wanted
from hybridops.workflows.register_circuit import energies

_AGREES = 1e-6  # relative: further apart, the sums of the register and of the file are not of one problem


def decided(market: Market, register: Collection[int], kept: Collection[int]) -> dict[int, int]:
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
    free = fix(qubo, decided(market, register, kept)).qubo
    return ChoiceTable(
        market=market,
        settings=settings,
        register=tuple(register),
        kept=tuple(kept),
        energy=energies(dict(document)),
        states=selection.table(free, settings.assets - len(kept)),
    )
