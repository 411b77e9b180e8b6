"""A variational loop: the energy of each submission with its error, above the exact one that nothing can pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from hybridops.web import fmt
from hybridops.web.figures.svg import (
    Figure,
    Raw,
    chart,
    edge_anchor,
    el,
    figure,
    finite,
    join,
    key,
    label,
    line,
    num,
    pct,
    stretched,
    titled,
)

BOTTOM, TOP = 228.0, 32.0
LEFT, RIGHT = 12.0, 97.0  # percent
_SURE = 2.0  # standard errors on either side


@dataclass(frozen=True, slots=True)
class Measured:
    """One submission's energy and its standard error in Hartree, None where nothing could be read."""

    submission: int
    energy: float | None
    error: float | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Energies:
    """All in Hartree. `accuracy` is how far from the exact energy an answer may be."""

    points: tuple[Measured, ...]
    exact: float
    hartree_fock: float
    accuracy: float


type _Scale = tuple[float, float, float]  # low, high, step
type _Known = list[tuple[Measured, float, float]]  # with its energy and error as numbers


def energies(data: Energies) -> Figure:
    """The drawing with its sentence; its table has every submission, those without an energy as well."""
    head = ("Submission", "Energy", "Standard error", "From exact")
    known = _usable(data.points)
    scale = _scale(data, known)
    sentence = _sentence(data, known)
    parts = [*_axes(scale), *_band(data, scale), *_marks(data, scale), *_curve(data, known, scale)]
    drawing = el("div", chart(BOTTOM + 34, sentence, *parts), cls="pad")
    return figure(join((drawing, _legend(known))), sentence, head, (_row(p, data) for p in data.points))


def _usable(points: Sequence[Measured]) -> _Known:
    return [
        (p, energy, max(0.0, finite(p.error) or 0.0))
        for p in points
        if (energy := finite(p.energy)) is not None
    ]


def _scale(data: Energies, known: _Known) -> _Scale:
    """Round ends around all of it, and the step between round lines."""
    values = [data.exact - data.accuracy, data.exact + data.accuracy, data.hartree_fock]
    values += [energy + side * _SURE * error for _, energy, error in known for side in (-1, 1)]
    low, high = min(values), max(values)
    wide = max(high - low, 1e-6)
    power = 10.0 ** floor(log10(wide / 4))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wide / 5)
    start = step * floor(low / step)
    return start, max(step * ceil(high / step), start + step), step


def _y(energy: float, scale: _Scale) -> float:
    return BOTTOM - (BOTTOM - TOP) * (energy - scale[0]) / (scale[1] - scale[0])


def _x(at: int, count: int) -> float:
    return LEFT + (RIGHT - LEFT) * (at - 0.5) / max(1, count)


def _axes(scale: _Scale) -> list[Raw]:
    low, high, step = scale
    places = max(0, -floor(log10(step) + 1e-9))
    out = [line(LEFT, RIGHT, BOTTOM, BOTTOM, "ax")]
    for at in range(round((high - low) / step) + 1):
        value = low + at * step
        y = _y(value, scale)
        out += [
            line(LEFT, RIGHT, y, y, "gl"),
            label(0, y + 4, fmt.number(value, "", places), "halo", "start"),
        ]
    return [
        *out,
        label(RIGHT, BOTTOM + 30, "submission", "dimt", "end"),
        label(0, TOP - 18, "energy in Hartree", "dimt halo", "start"),
    ]


def _band(data: Energies, scale: _Scale) -> list[Raw]:
    top, bottom = (_y(data.exact + side * data.accuracy, scale) for side in (1, -1))
    band = el(
        "rect", x=pct(LEFT), width=pct(RIGHT - LEFT), y=top, height=max(1.0, bottom - top), cls="wash-pine"
    )
    return [titled(f"chemical accuracy: within {_milli(data.accuracy)} of the exact energy", band)]


def _marks(data: Energies, scale: _Scale) -> list[Raw]:
    exact, fock = _y(data.exact, scale), _y(data.hartree_fock, scale)
    out = [line(LEFT, RIGHT, exact, exact, "s-ink dash", 1.5), line(LEFT, RIGHT, fock, fock, "s-cpu dot", 2)]
    if abs(exact - fock) > 16:
        out.append(label(RIGHT, fock - 5, "Hartree-Fock", "halo", "end"))
    return [*out, label(LEFT, exact - 5, "exact", "halo", "start", 4)]


def _curve(data: Energies, known: _Known, scale: _Scale) -> list[Raw]:
    count = max((p.submission for p in data.points), default=1)
    places = [(_x(p.submission, count), _y(energy, scale)) for p, energy, _ in known]
    joined = " ".join(f"{num(10 * x)},{num(y)}" for x, y in places)
    out = [stretched(BOTTOM, el("polyline", cls="ln s-qpu", points=joined))] if len(places) > 1 else []
    for (p, energy, error), (x, y) in zip(known, places, strict=True):
        ends = [_y(energy + side * _SURE * error, scale) for side in (1, -1)]
        dot = el("circle", cx=pct(x), cy=y, r=5.5 if p.final else 4, cls="f-qpu")
        out.append(titled(_words(p, energy, error, data), line(x, x, ends[0], ends[1], "s-qpu", 2), dot))
    for p in data.points:
        x = _x(p.submission, count)
        words = f"{p.submission}, last" if p.final else str(p.submission)
        out.append(
            label(x, BOTTOM + 15, words, "wide" if count > 10 and p.submission % 2 else "", edge_anchor(x, 4))
        )
    return out


def _milli(hartree: float) -> str:
    return fmt.number(1e3 * hartree, "mHa", 2)


def _hartree(value: float) -> str:
    return fmt.number(value, "Ha", 5)


def _words(p: Measured, energy: float, error: float, data: Energies) -> str:
    return f"submission {p.submission}: {_hartree(energy)} ± {_milli(error)}, {_away(energy, data)}"


def _away(energy: float, data: Energies) -> str:
    off = energy - data.exact
    return f"{_milli(abs(off))} {'above' if off >= 0 else 'below'} exact"


def _row(p: Measured, data: Energies) -> tuple[str, ...]:
    energy, error = finite(p.energy), finite(p.error)
    name = f"{p.submission}, last" if p.final else str(p.submission)
    if energy is None:
        return (name, fmt.NOT_APPLICABLE, fmt.NOT_APPLICABLE, fmt.NOT_APPLICABLE)
    return (
        name,
        _hartree(energy),
        fmt.NOT_APPLICABLE if error is None else _milli(error),
        _away(energy, data),
    )


def _legend(known: _Known) -> Raw:
    entries = [
        (el("path", d="M1 6.5h20", cls="s-ink dash", stroke_width=1.5), "exact, nothing is lower"),
        (el("path", d="M1 6.5h20", cls="s-cpu dot", stroke_width=2), "Hartree-Fock"),
        (el("rect", width=22, height=13, cls="wash-pine"), "chemical accuracy"),
    ]
    if known:
        bar = el("path", d="M11 0v13", cls="s-qpu", stroke_width=2)
        dot = join((bar, el("circle", cx=11, cy=6.5, r=4, cls="f-qpu")))
        entries.insert(0, (dot, "measured, two standard errors on either side"))
    return key(*entries)


def _sentence(data: Energies, known: _Known) -> str:
    marks = f"Exact {_hartree(data.exact)}, Hartree-Fock {_hartree(data.hartree_fock)}."
    if not known:
        return f"No energy was measured. {marks}"
    _, energy, error = known[-1]
    many = f"{fmt.number(len(data.points))} submission{'s' * (len(data.points) != 1)}"
    return f"{many}; the last energy is {_hartree(energy)} ± {_milli(error)}, {_away(energy, data)}. {marks}"
