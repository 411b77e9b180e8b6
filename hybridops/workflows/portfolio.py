"""Portfolio selection: K of N assets at equal weights by mean and variance, a few of them chosen anew on a QPU.

Tabu search by swaps solves markets of this size in well under a second; the register demonstrates a controlled
hybrid run and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import Estimate, StepInput, StepOutput
from hybridops.workflows import (
    portfolio_answer,
    portfolio_classical,
    portfolio_narrow,
    portfolio_scenarios,
    register_circuit,
)
from hybridops.workflows.portfolio_input import facts, parse
from hybridops.workflows.portfolio_steps import wanted

_SECONDS_PER_ASSET = 5e-3  # 225 assets: 0.7 s of searching and 1 s of scenarios


class Portfolio:
    """The portfolio family. Steps find earlier results by `summary["step"]`, whatever a stage is called."""

    name = "portfolio"
    accepts = "A .csv of daily or weekly prices, or an OR-Library port .txt"
    quadratic = True
    steps: Mapping[str, Callable[[StepInput], StepOutput]] = {
        "check": portfolio_classical.check,
        "heuristic": portfolio_classical.heuristic,
        "baseline": portfolio_classical.baseline,
        "scenarios": portfolio_scenarios.simulate,
        "narrow": portfolio_narrow.narrow,
        "encode": register_circuit.encode,
        "control": portfolio_answer.control,
        "score": portfolio_answer.score,
        "answer_classically": portfolio_answer.answer_classically,
    }

    def describe(self, data: bytes, filename: str) -> Mapping[str, Any]:
        """What an upload holds (JSON, the keys of `portfolio_input.facts`); raises BadInput.

        A file without a title is named after itself.
        """
        market = parse(data)
        found = facts(market)
        if market.name in ("Prices", "Portfolio") and filename:
            found["name"] = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0][:80] or market.name
        return found

    def estimate(self, problem: Mapping[str, Any], parameters: Mapping[str, Any]) -> Estimate:
        """Resources of one run from the assets and the parameters alone; raises BadInput for a K too large."""
        assets = problem.get("assets")
        if not isinstance(assets, int):
            raise BadInput("expected the facts of a checked problem", field="assets")
        settings = wanted(parameters, assets)
        own = settings.register.baseline_seconds + 0.5 + _SECONDS_PER_ASSET * assets
        return register_circuit.estimate(
            min(settings.register.qubits_max, assets), settings.register, cpu_seconds=own
        )
