"""Server-drawn figures: small frozen records in, SVG with a sentence and a table out."""

from __future__ import annotations

from hybridops.web.figures.arms import Arm, Arms, bars
from hybridops.web.figures.burndown import Burndown, Left, burndown
from hybridops.web.figures.circuits import Circuit, Gate, circuit
from hybridops.web.figures.costs import (
    Budget,
    CostRange,
    Outcome,
    Outcomes,
    budget_bullet,
    budget_key,
    cost_range,
    outcome_bar,
)
from hybridops.web.figures.counts import Counts, OutcomeShare, counts
from hybridops.web.figures.cut import Cut, Edge, Node, cut
from hybridops.web.figures.days import Day, Days, day_strip, sparkline
from hybridops.web.figures.energy import Energies, Measured, energies
from hybridops.web.figures.frontier import Frontier, Place, frontier
from hybridops.web.figures.glyphs import stave_glyph, stave_small
from hybridops.web.figures.kernel import Kernel, KernelRow, kernel
from hybridops.web.figures.parts import Part, parts
from hybridops.web.figures.routes import Route, RouteMap, Stop, route_map
from hybridops.web.figures.samples import Bin, Histogram, histogram
from hybridops.web.figures.score import Bar, Kind, Lane, Mark, Stave
from hybridops.web.figures.staves import stave
from hybridops.web.figures.svg import Figure, Table, kind_mark, tx_defs
from hybridops.web.figures.trends import Trend, Week, trend

__all__ = [
    "Arm",
    "Arms",
    "Bar",
    "Bin",
    "Budget",
    "Burndown",
    "Circuit",
    "CostRange",
    "Counts",
    "Cut",
    "Day",
    "Days",
    "Edge",
    "Energies",
    "Figure",
    "Frontier",
    "Gate",
    "Histogram",
    "Kernel",
    "KernelRow",
    "Kind",
    "Lane",
    "Left",
    "Mark",
    "Measured",
    "Node",
    "Outcome",
    "OutcomeShare",
    "Outcomes",
    "Part",
    "Place",
    "Route",
    "RouteMap",
    "Stave",
    "Stop",
    "Table",
    "Trend",
    "Week",
    "bars",
    "budget_bullet",
    "budget_key",
    "burndown",
    "circuit",
    "cost_range",
    "counts",
    "cut",
    "day_strip",
    "energies",
    "frontier",
    "histogram",
    "kernel",
    "kind_mark",
    "outcome_bar",
    "parts",
    "route_map",
    "sparkline",
    "stave",
    "stave_glyph",
    "stave_small",
    "trend",
    "tx_defs",
]
