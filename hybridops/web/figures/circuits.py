"""A circuit as far as a person can read one: 8 qubits, 40 columns, the rest folded and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hybridops.web import fmt
from hybridops.web.figures.svg import Figure, Raw, el, figure

QUBITS, COLUMNS = 8, 40
LEFT, TOP, ROW = 34.0, 22.0, 30.0


@dataclass(frozen=True, slots=True)
class Gate:
    name: str
    qubits: tuple[int, ...]
    label: str = ""  # what stands in the box; the name if empty


@dataclass(frozen=True, slots=True)
class Circuit:
    name: str
    qubits: int
    gates: tuple[Gate, ...]


MEASURE, LINKS, SKIPPED = (
    "measure",
    frozenset({"cz", "rzz", "cp", "zz", "swap", "cx", "ecr"}),
    frozenset({"barrier"}),
)


def circuit(data: Circuit) -> Figure:
    rows = _visible(data.qubits)
    hidden = max(0, data.qubits - QUBITS)
    columns = _columns(data.gates)
    shown = _columns([g for g in data.gates if not _folded_away(g, rows, hidden)])
    drawn, more = shown[:COLUMNS], max(0, len(shown) - COLUMNS)
    sentence = _sentence(data, hidden, more)
    xs, width = _layout(drawn, bool(more))
    height = TOP + ROW * (len(set(rows.values())) - 1) + (18 if not more else 30)
    parts = [*_wires(rows, hidden, width), *_gates(drawn, xs, rows), *_more(more, width, height)]
    box = f"0 0 {width:.0f} {height:.0f}"
    drawing = el(
        "svg", *parts, cls="circ", role="img", aria_label=sentence, width=width, height=height, viewbox=box
    )
    region = el("div", drawing, cls="scroll", tabindex=0, role="region", aria_label="Circuit drawing")
    return figure(region, sentence, ("Column", "Gates"), _table(columns))


def _folded_away(gate: Gate, rows: dict[int, int], hidden: int) -> bool:
    return bool(hidden) and all(rows.get(q) == QUBITS - 1 for q in gate.qubits)


def _visible(count: int) -> dict[int, int]:
    """Qubit → row. Of a wide circuit the first seven and the last; the others share the row of dots."""
    if count <= QUBITS:
        return {q: q for q in range(count)}
    rows = {q: q for q in range(QUBITS - 1)}
    return rows | dict.fromkeys(range(QUBITS - 1, count - 1), QUBITS - 1) | {count - 1: QUBITS}


def _columns(gates: Sequence[Gate]) -> list[list[Gate]]:
    """As soon as possible: a gate stands in the first column free on all wires it spans."""
    free: dict[int, int] = {}
    columns: list[list[Gate]] = []
    for gate in gates:
        if not gate.qubits:
            continue
        span = range(min(gate.qubits), max(gate.qubits) + 1)
        at = max(free.get(q, 0) for q in span)
        free |= dict.fromkeys(span, at + 1)
        if gate.name in SKIPPED:
            continue
        columns += [[] for _ in range(at + 1 - len(columns))]
        columns[at].append(gate)
    return [column for column in columns if column]


def _box(gate: Gate) -> str:
    return "" if gate.name == MEASURE else gate.label or gate.name.upper()


def _is_link(gate: Gate) -> bool:
    return len(gate.qubits) > 1 and gate.name in LINKS


def _layout(columns: list[list[Gate]], more: bool) -> tuple[list[float], float]:
    xs, x = [], LEFT + 8
    for column in columns:
        wide = max((len(_box(g)) for g in column if not _is_link(g)), default=-1)
        width = 14.0 if wide < 0 else max(30.0, 7.0 * min(wide, 14) + 12)
        xs.append(x + width / 2)
        x += width + 10
    return xs, x + (28 if more else 6)


def _y(row: int) -> float:
    return TOP + ROW * row


def _wires(rows: dict[int, int], hidden: int, width: float) -> list[Raw]:
    out = []
    for qubit, row in rows.items():
        if hidden and row == QUBITS - 1:
            continue
        out.append(el("text", f"q{qubit}", x=0, y=_y(row) + 4))
        out.append(el("line", x1=LEFT, x2=width - 4, y1=_y(row), y2=_y(row), cls="s-ink3"))
    if hidden:
        y = _y(QUBITS - 1)
        out.append(el("text", el("title", f"{fmt.number(hidden)} more qubits"), "⋮", x=6, y=y + 4))
    return out


def _gates(columns: list[list[Gate]], xs: list[float], rows: dict[int, int]) -> list[Raw]:
    out = []
    for column, x in zip(columns, xs, strict=True):
        for gate in column:
            where = sorted({rows[q] for q in gate.qubits if q in rows})
            if where:
                out.append(el("g", el("title", _words(gate)), *_gate(gate, x, where, rows)))
    return out


def _gate(gate: Gate, x: float, where: list[int], rows: dict[int, int]) -> list[Raw]:
    if gate.name == MEASURE:
        return [part for row in where for part in _meter(x, _y(row))]
    stem = [el("line", x1=x, x2=x, y1=_y(where[0]), y2=_y(where[-1]), cls="s-qpu", stroke_width=1.6)]
    if _is_link(gate):
        return stem + [el("circle", cx=x, cy=_y(row), r=4, cls="f-qpu") for row in where]
    text = _box(gate)[:14]
    width = max(30.0, 7.0 * len(text) + 12)
    boxes = [part for row in where for part in _boxed(text, x, _y(row), width)]
    return (stem if len(where) > 1 else []) + boxes


def _boxed(text: str, x: float, y: float, width: float) -> list[Raw]:
    rect = el(
        "rect",
        x=x - width / 2,
        y=y - 11,
        width=width,
        height=22,
        rx=3,
        cls="f-surface s-qpu",
        stroke_width=1.3,
    )
    return [rect, el("text", text, x=x, y=y + 4, text_anchor="middle")]


def _meter(x: float, y: float) -> list[Raw]:
    rect = el("rect", x=x - 15, y=y - 11, width=30, height=22, rx=3, cls="f-qpu")
    dial = f"M{x - 8:.1f},{y + 4:.1f} a8,8 0 0 1 16,0 M{x:.1f},{y + 4:.1f} l5,-8"
    return [rect, el("path", d=dial, cls="f-none s-surface", stroke_width=1.3)]


def _more(more: int, width: float, height: float) -> list[Raw]:
    return (
        [el("text", f"{fmt.number(more)} more columns", x=width, y=height - 4, text_anchor="end")]
        if more
        else []
    )


def _folded(hidden: int, more: int) -> str:
    parts = [f"{fmt.number(n)} more {what}" for n, what in ((hidden, "qubits"), (more, "columns")) if n]
    return f"Folded: {', '.join(parts)}. The table has them all."


def _words(gate: Gate) -> str:
    return f"{gate.label or gate.name} on {', '.join(f'q{q}' for q in gate.qubits)}"


def _table(columns: list[list[Gate]]) -> list[tuple[str, str]]:
    return [(str(i), "; ".join(_words(g) for g in column)) for i, column in enumerate(columns, 1)]


def _sentence(data: Circuit, hidden: int, more: int) -> str:
    two = sum(len(g.qubits) > 1 and g.name not in SKIPPED for g in data.gates)
    counts = f"{fmt.number(data.qubits)} qubits, {fmt.number(len(data.gates))} gates"
    counts += f", {fmt.number(two)} of them on two or more qubits"
    folded = f" {_folded(hidden, more)}" if hidden or more else ""
    return f"{data.name}: {counts}.{folded}"
