"""What came back from the QPU, shot by shot, with the control drawn over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hybridops.web.figures import Bin, Figure, Histogram, histogram
from hybridops.web.viewmodels.results import best_classical

NONE = "No quantum samples came back; the classical answer stands in."
LATER = "Fills after the score."
WIDE = 10


def valid_shots(summary: Mapping[str, Any]) -> tuple[int, int] | None:
    """(kept all rules, all shots) as measured; None where nothing was sampled."""
    arm, rules = summary.get("arms", {}).get("quantum_raw"), summary.get("rules", {}).get("quantum")
    if not arm or not rules or not arm["shots"]:
        return None
    return round(rules["valid_share"] * arm["shots"]), int(arm["shots"])


def samples_figure(summary: Mapping[str, Any], unit: str, *, repaired: bool) -> Figure:
    """As measured, or after repair and local search; the same bins for both."""
    drawn, arms = summary.get("histogram"), summary.get("arms", {})
    arm = arms.get("quantum" if repaired else "quantum_raw") or {}
    if not drawn or not arm.get("shots"):
        empty = NONE if summary.get("degraded") else LATER
        return histogram(Histogram((), unit, shots=0, valid=None, empty=empty))
    best = best_classical(arms)
    return histogram(
        Histogram(
            bins=_bins(drawn, "" if repaired else "_raw"),
            unit=unit,
            shots=arm["shots"],
            valid=round(arm["feasible_share"] * arm["shots"]),
            broken=() if repaired else _broken(summary),
            best_classical=best[1] if best else None,
            control_words="as many uniform random samples, treated alike",
        )
    )


def _bins(drawn: Mapping[str, Any], suffix: str) -> tuple[Bin, ...]:
    edges, counts = _edges(drawn["edges"]), drawn["counts"]
    control = counts.get(f"random{suffix}")
    return tuple(
        Bin(low, high, count, control[at] if control else None)
        for at, (low, high, count) in enumerate(
            zip(edges[:-1], edges[1:], counts[f"quantum{suffix}"], strict=True)
        )
    )


def _edges(edges: Sequence[float]) -> list[float]:
    """Whole numbers where a bin is wide enough that decimals say nothing."""
    return [float(round(edge)) for edge in edges] if edges[1] - edges[0] > WIDE else list(edges)


def _broken(summary: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    rules = summary.get("rules", {}).get("quantum", {}).get("broken", {})
    return tuple((words, count) for words, count in rules.items() if count)
