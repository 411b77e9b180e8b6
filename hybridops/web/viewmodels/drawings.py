"""Stored bytes to drawings: routes on their plan, a graph and its cut, risk and return, a kernel, the circuit."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hybridops.web import fmt
from hybridops.web.figures import (
    Circuit,
    Counts,
    Cut,
    Edge,
    Energies,
    Figure,
    Frontier,
    Gate,
    Kernel,
    KernelRow,
    Measured,
    Node,
    OutcomeShare,
    Place,
    Route,
    RouteMap,
    Stop,
    circuit,
    counts,
    cut,
    energies,
    frontier,
    kernel,
    route_map,
)
from hybridops.web.viewmodels.results import best_classical, method, objective

_GATE = re.compile(r"^(h|x|sx|rx|ry|rz|cx|cz)(?:\(([^()]{1,40})\))? (q\[[0-9]+\](?:, q\[[0-9]+\])*);$")
_NUMBER = re.compile(r"^[-+]?[0-9.]+(?:e[-+]?[0-9]+)?$")
_MEASURE = re.compile(r"^c\[[0-9]+\] = measure q\[([0-9]+)\];$")
_QUBITS = re.compile(r"^qubit\[([0-9]+)\] q;$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a workflow drew of its answer: a heading, a remark beside it, the figure."""

    heading: str
    remark: str
    figure: Figure


def picture(stored: bytes, summary: Mapping[str, Any], unit: str) -> Picture | None:
    """The artifact "picture" of a score by its "kind"; None for a kind that pages do not know."""
    drawn = json.loads(stored)
    found = PICTURES.get(drawn.get("kind", ""))
    if found is None:
        return None
    heading, remark, draw = found
    return Picture(heading, remark, draw(drawn, summary, unit))


def routes_figure(drawn: Mapping[str, Any], summary: Mapping[str, Any], unit: str) -> Figure:
    """The answer solid, the best classical routes dashed, the start dotted. To scale, north up."""
    arms = summary.get("arms", {})
    source = summary.get("answer", {}).get("from", "quantum")
    best = best_classical(arms)
    names = [name for name in ("baseline", "heuristic") if name in drawn and name != source]
    first = best[0] if best and best[0] in names else next(iter(names), None)
    others = [name for name in names if name != first]
    return route_map(
        RouteMap(
            stops=_stops(drawn),
            best=_route("Answer", drawn["answer"], objective(arms, source), unit),
            baseline=_other(first, drawn, arms, unit),
            third=_other(next(iter(others), None), drawn, arms, unit),
        )
    )


def counts_figure(drawn: Mapping[str, Any], summary: Mapping[str, Any], unit: str) -> Figure:
    """The outcomes that matter most: what came back beside what should have."""
    rows = [OutcomeShare(row["bits"], row["measured"], row["ideal"]) for row in drawn["outcomes"]]
    others = OutcomeShare("others", drawn["others"]["measured"], drawn["others"]["ideal"])
    source, kind = ("Measured", "qpu") if drawn["source"] == "quantum" else ("Simulated", "cpu")
    return counts(Counts(source, drawn["shots"], (*rows, others), kind))


def frontier_figure(drawn: Mapping[str, Any], summary: Mapping[str, Any], unit: str) -> Figure:
    """The answer and the classical choices among efficient and random ones, by volatility and return a year."""
    arms = summary.get("arms", {})
    source = summary.get("answer", {}).get("from", "quantum")
    others = {name: method(arms, name) for name in ("heuristic", "baseline") if name != source}
    return frontier(
        Frontier(
            horizon=drawn["horizon"].partition(":")[0],
            cloud=tuple(Place(risk, gain) for risk, gain in drawn["cloud"]),
            efficient=tuple(_place(row, row["name"]) for row in drawn["efficient"]),
            answer=_place(drawn["answer"], "Answer") if drawn["answer"] else None,
            **{name: _place(drawn[name], words) for name, words in others.items() if name in drawn},
        )
    )


def cut_figure(drawn: Mapping[str, Any], summary: Mapping[str, Any], unit: str) -> Figure:
    """The nodes of a graph on two sides, what is cut and what is not, both weights in words."""
    register = set(drawn["register"])
    rows = zip(drawn["places"], drawn["labels"], drawn["sides"], strict=True)
    nodes = tuple(
        Node(x, y, name, side == "1", at in register) for at, ((x, y), name, side) in enumerate(rows)
    )
    return cut(
        Cut(
            nodes=nodes,
            edges=tuple(Edge(i, j, weight) for i, j, weight in drawn["edges"]),
            side_sizes=(drawn["side_sizes"][0], drawn["side_sizes"][1]),
            edge_count=drawn["edge_count"],
            cut_count=drawn["cut_count"],
            cut_weight=fmt.number(drawn["cut_weight"]),
            uncut_weight=fmt.number(drawn["uncut_weight"]),
        )
    )


def energy_figure(drawn: Mapping[str, Any], summary: Mapping[str, Any], unit: str) -> Figure:
    """The energies of a variational loop, submission by submission."""
    return energies(
        Energies(
            points=tuple(
                Measured(row["submission"], row["energy"], row["error"], row["final"])
                for row in drawn["points"]
            ),
            exact=drawn["exact"],
            hartree_fock=drawn["hartree_fock"],
            accuracy=drawn["accuracy"],
        )
    )


def kernel_figure(drawn: Mapping[str, Any], summary: Mapping[str, Any], unit: str) -> Figure:
    """The kernel of landmarks and test points, as measured and as computed, and what the latter were decided to be."""
    count = drawn["landmarks"]
    decided = [""] * count + drawn["decided"]
    rows = tuple(
        KernelRow(
            row["row"], row["class"], word, tuple(row["exact"]), row["measured"] and tuple(row["measured"])
        )
        for row, word in zip(drawn["rows"], decided, strict=True)
    )
    by = "the measured kernel" if drawn["source"] == "quantum" else "RBF-SVM on all training points"
    return kernel(Kernel(rows, count, by))


def _place(row: Mapping[str, Any], name: str) -> Place:
    return Place(row["volatility"], row["return"], name, ", ".join(row["assets"]), row["value_at_risk"])


PICTURES: Mapping[str, tuple[str, str, Callable[[Mapping[str, Any], Mapping[str, Any], str], Figure]]] = {
    "routes": ("The routes", "to scale", routes_figure),
    "counts": ("The outcomes", "share of shots, by bit string", counts_figure),
    "frontier": ("Risk and return", "what the past was like, not what comes", frontier_figure),
    "energy": ("The energy", "of each submission, from Hartree-Fock or trained parameters on", energy_figure),
    "kernel": ("The kernel matrix", "test points against landmarks, 1 is the same", kernel_figure),
    "cut": ("The two sides", "laid out by springs, not to scale", cut_figure),
}


def _other(name: str | None, drawn: Mapping[str, Any], arms: Mapping[str, Any], unit: str) -> Route | None:
    return _route(method(arms, name), drawn[name], objective(arms, name), unit) if name else None


def _route(name: str, tours: list[list[int]], value: float | None, unit: str) -> Route | None:
    if not tours:
        return None
    return Route(name, tuple(tuple(tour) for tour in tours), fmt.number(value, unit))


def _stops(drawn: Mapping[str, Any]) -> tuple[Stop, ...]:
    """Degrees of longitude are shorter than those of latitude; a plan in metres says so."""
    places = drawn["places"]
    wide = 1.0
    if drawn["axes"].startswith("longitude") and places:
        wide = math.cos(math.radians(sum(y for _, y in places) / len(places)))
    return tuple(Stop(x * wide, y, name) for (x, y), name in zip(places, drawn["labels"], strict=True))


def circuit_figure(text: str, name: str) -> Figure | None:
    """A circuit in the plain OpenQASM that workflows write; None for any other text."""
    found = _QUBITS.search(text)
    gates = [gate for line in text.splitlines() if (gate := _gate(line))]
    return circuit(Circuit(name, int(found[1]), tuple(gates))) if found and gates else None


def _gate(line: str) -> Gate | None:
    if found := _MEASURE.match(line):
        return Gate("measure", (int(found[1]),))
    if not (found := _GATE.match(line)):
        return None
    qubits = tuple(int(number) for number in re.findall(r"[0-9]+", found[3]))
    return Gate(found[1], qubits, f"{found[1].capitalize()} {_angle(found[2])}" if found[2] else "")


def _angle(text: str) -> str:
    """A number to two places; of a template the expression in its inputs as it stands."""
    return f"{float(text):.2f}" if _NUMBER.match(text) else text
