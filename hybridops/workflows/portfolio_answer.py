"""The last step of portfolio selection: samples to an answer beside its controls, or the classical one instead."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.domain.ports import StepInput, StepOutput
from hybridops.solvers.markowitz import Market, objective
from hybridops.trust.canonical import canonical
from hybridops.workflows.portfolio_classical import FORMULA
from hybridops.workflows.portfolio_scenarios import model, tail, tails
from hybridops.workflows.portfolio_steps import UNIT, Wanted, opened, told
from hybridops.workflows.portfolio_table import ChoiceTable, table_of
from hybridops.workflows.register_arms import controlled, sampled_arms, scored, shown, unscored
from hybridops.workflows.register_circuit import distribution
from hybridops.workflows.register_steps import earlier, needed, subproblem

_RULE, _START = "another number of assets", "the greedy choice the run started from"
_CLASSICAL = ("heuristic", "baseline")
NOTE = "What the past was like, with equal weights. Not a forecast and not advice."


def score(step: StepInput) -> StepOutput:
    """Decodes what came back (it may be partial), treats every arm alike, and judges by the signed rule."""
    begun = time.perf_counter()
    market, settings = opened(step)
    document = subproblem(step)
    table = table_of(market, settings, document)
    step.report(0.3, "Decoding, repairing and swapping")
    arms = sampled_arms(step, table, distribution(document, table.energy))
    found = shown(table, arms, _classical(step, market, settings))
    best = found["quantum"]["bits"]
    chosen = [] if best is None else table.chosen(int(best, 2))
    step.report(0.6, "Simulating scenarios of the answer")
    answer = _answer(step, market, settings, chosen, "quantum")
    part = scored(step, table, arms, found, acceptance=settings.register.acceptance, rule=_RULE, start=_START)
    summary = {
        **_head("score", market, settings, degraded=False),
        "answer": answer,
        **part,
        "candidates": [{**row, "assets": _names(table, row["bits"])} for row in part["candidates"]],
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, market, settings, answer))


def control(step: StepInput) -> StepOutput:
    """What comes of it without a QPU: the classical arms, and as many random bits as shots, treated as samples are."""
    begun = time.perf_counter()
    market, settings = opened(step)
    table = table_of(market, settings, subproblem(step))
    step.report(0.5, f"{settings.register.shots} random shots through the same repair")
    summary = {
        "step": "control",
        **controlled(step, table, settings.register.shots, _classical(step, market, settings)),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary)


def answer_classically(step: StepInput) -> StepOutput:
    """The better of heuristic and baseline, in the shape of `score`, marked as degraded."""
    begun = time.perf_counter()
    market, settings = opened(step)
    classical = _classical(step, market, settings)
    arm = min(classical, key=lambda name: (classical[name]["objective"], name))
    answer = _answer(step, market, settings, needed(step, arm)["chosen"], arm)
    summary = {
        **_head("answer_classically", market, settings, degraded=True),
        "answer": answer,
        **unscored(classical, arm),
        "seconds": time.perf_counter() - begun,
    }
    return StepOutput(summary, _artifacts(step, market, settings, answer))


def _classical(step: StepInput, market: Market, settings: Wanted) -> dict[str, dict[str, Any]]:
    """The classical arms that ran, their objectives recomputed here."""
    needed(step, "heuristic")
    found = {name: earlier(step, name) for name in _CLASSICAL}
    return {
        name: {
            "objective": objective(market, result["chosen"], settings.assets, settings.share),
            "method": result["method"],
            "feasible_share": 1.0,
            "seconds": result["seconds"],
        }
        for name, result in found.items()
        if result is not None
    }


def _names(table: ChoiceTable, bits: str) -> list[str]:
    return [table.market.labels[asset] for asset in table.chosen(int(bits, 2))]


def _head(name: str, market: Market, settings: Wanted, *, degraded: bool) -> dict[str, Any]:
    return {
        "step": name,
        "degraded": degraded,
        "name": market.name,
        "assets": market.assets,
        "assets_chosen": settings.assets,
        "risk_share": settings.share,
        "unit": UNIT,
    }


def _answer(
    step: StepInput, market: Market, settings: Wanted, chosen: Sequence[int], arm: str
) -> dict[str, Any]:
    """A choice with its tails, `beside` it the classical arms', all of the same random numbers.

    Without a choice there is no objective and no tail of it.
    """
    classical = {name: result["chosen"] for name in _CLASSICAL if (result := earlier(step, name))}
    choices = {**classical, **({"answer": chosen} if chosen else {})}
    found = tails(market, settings, list(choices.values()), step.seed)
    lost = {name: tail(found, at) for at, name in enumerate(choices)}
    own = told(market, settings, chosen) if chosen else {"objective": None, "chosen": [], "assets": []}
    return {
        "from": arm,
        **own,
        **lost.pop("answer", {}),
        "beside": lost,
        "scenarios": model(found, market),
    }


def _artifacts(step: StepInput, market: Market, settings: Wanted, answer: dict[str, Any]) -> dict[str, bytes]:
    """`solution`: the answer in the file's own names; `picture`: it among efficient and random choices."""
    traced = earlier(step, "scenarios") or {"candidates": [], "cloud": []}
    solution = {
        "problem": market.name,
        "formula": FORMULA,
        "risk_share": settings.share,
        "weights": dict.fromkeys(answer["assets"], 1 / settings.assets),
        "note": NOTE,
        **{name: value for name, value in answer.items() if name not in ("chosen", "assets")},
    }
    classical = {name: {**needed(step, name), **lost} for name, lost in answer["beside"].items()}
    drawn = {
        "kind": "frontier",
        "horizon": answer["scenarios"]["horizon"],
        "cloud": traced["cloud"],
        "efficient": [
            {"name": row["name"], **_spot(row)} for row in traced["candidates"] if row["name"] != "incumbent"
        ],
        "answer": _spot(answer) if answer["chosen"] else None,
        **{name: _spot(row) for name, row in classical.items()},
    }
    return {"solution": canonical(solution), "picture": canonical(drawn)}


def _spot(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("volatility", "return", "value_at_risk", "assets")}
