from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from hybridops.web import figures as f

EVIL = "<img src=x onerror=alert(1)>\"'&"
T0 = datetime(2026, 11, 22, 9, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def score(name: str = "Reduce", *, now: bool = True) -> f.Stave:
    bars = (
        f.Bar(f.Lane.CPU, at(0), at(6), name),
        f.Bar(f.Lane.GPU, at(6), at(52), name),
        f.Bar(f.Lane.PERSON, at(52), at(1932), "Approval"),
        f.Bar(f.Lane.QPU, at(1932), at(2182), "Queue", f.Kind.WAIT),
        f.Bar(f.Lane.QPU, at(2182), at(2191), name),
        f.Bar(f.Lane.QPU, at(2191), at(2551), "Queue", f.Kind.LIMIT),
        f.Bar(f.Lane.QPU, at(2551), at(2671), "Queue", f.Kind.GHOST),
        f.Bar(f.Lane.CPU, at(2671), at(2680), name, f.Kind.FAILED),
    )
    return f.Stave(bars, (f.Mark(1, at(6), f.Lane.GPU, name),), at(2551) if now else None)


def costs(low: Any = "18.65", likely: Any = "30.85", high: Any = "36.95", cap: Any = "45") -> f.CostRange:
    return f.CostRange(*(None if v is None else Decimal(v) for v in (low, likely, high, cap)))


def samples(reason: str = "one-way aisle") -> f.Histogram:
    bins = tuple(f.Bin(1280 + 10 * i, 1290 + 10 * i, c, 9) for i, c in enumerate((58, 131, 214, 352)))
    return f.Histogram(bins, "m", 1000, 755, ((reason, 245),), 1296)


def plan(name: str = "C-07") -> f.RouteMap:
    stops = tuple(f.Stop(i % 5, i // 5, f"{name} {i}") for i in range(12))
    return f.RouteMap(stops, f.Route(name, ((1, 2, 3), (4, 5, 6))), f.Route("tabu search", ((3, 2, 1),)))


def graph(name: str = "Member") -> f.Cut:
    nodes = tuple(f.Node(i % 4, i // 4, f"{name} {i}", i % 2 == 1, i < 3) for i in range(8))
    edges = tuple(f.Edge(i, j, 1.0) for i in range(8) for j in range(i) if (i + j) % 3)
    apart = sum(1 for edge in edges if (edge.start + edge.end) % 2)
    return f.Cut(nodes, edges, (4, 4), len(edges), apart, "9", "5")


def qaoa(name: str = "QAOA", qubits: int = 18, layers: int = 2) -> f.Circuit:
    gates = [f.Gate("h", (q,), name) for q in range(qubits)]
    for _ in range(layers):
        gates += [f.Gate("rzz", (q, q + 1)) for q in range(qubits - 1)] + [
            f.Gate("rx", (q,)) for q in range(qubits)
        ]
    return f.Circuit(name, qubits, (*gates, *(f.Gate("measure", (q,)) for q in range(qubits))))


def arms(name: str = "QPU") -> f.Arms:
    rows = (
        f.Arm("Best classical", "cpu", 1296.0),
        f.Arm(name, "qpu", 1284.0, 1277.0, 1291.0, name, hot=True),
    )
    return f.Arms(rows, "m", 1296.0, worth=1289.0)


def market(name: str = "Answer", cloud: int = 40) -> f.Frontier:
    """Three own portfolios, the baseline on the answer's spot."""
    ordinary = tuple(f.Place(0.2 + 0.001 * at, 0.1 + 0.002 * (at * 7 % 40)) for at in range(cloud))
    efficient = tuple(f.Place(0.18 + 0.01 * at, 0.12 + 0.03 * at, f"{name} {at}", name) for at in range(5))
    answer, other = f.Place(0.21, 0.214, name, name, 0.117), f.Place(0.22, 0.19, f"{name} greedy")
    return f.Frontier(ordinary, efficient, other, f.Place(0.21, 0.214, f"{name} SCIP"), answer)


def budget(spent: str = "2871.40", limit: str | None = "4000") -> f.Budget:
    ahead = (Decimal(3640), Decimal(3780), Decimal(3930))
    return f.Budget(
        Decimal(spent), Decimal("31.20"), None if limit is None else Decimal(limit), forecast=ahead
    )


def outcomes(words: str = "Accepted results") -> f.Outcomes:
    parts = (
        f.Outcome("accepted", words, Decimal("6120.40")),
        f.Outcome("failed", "Failed", Decimal("611.30")),
    )
    return f.Outcomes(parts)


def weeks(label: str = "wk 36") -> f.Trend:
    known = f.Week(label, 18, Decimal("84.10"), Decimal(70), Decimal(99), label)
    return f.Trend(
        (known, f.Week("wk 37", 0, None), f.Week("wk 38", 22, Decimal("78.00"), Decimal(60), Decimal(90)))
    )


def days() -> f.Days:
    return f.Days(tuple(f.Day(date(2026, 11, i), 40 + i, 3 if i == 9 else 0, i == 4) for i in range(1, 10)))


def outcomes_seen(words: str = "Measured", kind: str = "qpu") -> f.Counts:
    rows = (
        f.OutcomeShare("000", 0.47, 0.5),
        f.OutcomeShare("111", 0.41, 0.5),
        f.OutcomeShare(words, 0.12, 0),
    )
    return f.Counts(words, 1024, rows, kind)


def loop(*rows: tuple[float | None, float | None, bool], exact: float = -1.1373) -> f.Energies:
    points = tuple(f.Measured(at, *row) for at, row in enumerate(rows, start=1))
    return f.Energies(points, exact, exact + 0.0203, 0.0016)


CURVE = loop((-1.117, 0.004, False), (-1.1352, 0.0031, False), (-1.1380, 0.0007, True))


def matrix(name: str = "good", *, measured: bool = True, value: float | None = 0.4) -> f.Kernel:
    rows = [
        f.KernelRow(3, name, "", (1.0, 0.2), (1.0, value) if measured else None),
        f.KernelRow(9, "bad", "", (0.2, 1.0), (0.3, 1.0) if measured else None),
        f.KernelRow(12, name, "bad", (0.61, 0.7), (0.5, value) if measured else None),
        f.KernelRow(15, "bad", "bad", (0.1, 0.9), (0.2, 0.8) if measured else None),
    ]
    return f.Kernel(tuple(rows), 2, "the measured kernel")


def burning(days: int = 12, limit: int = 100, ends: Any = (10, 35, 60)) -> f.Burndown:
    first = date(2026, 11, 1)
    seen = (
        f.Left(first + timedelta(days=i), Decimal(limit), Decimal(3 * i), Decimal(5)) for i in range(days)
    )
    low, likely, high = map(Decimal, ends)
    return f.Burndown(first, date(2026, 11, 30), tuple(seen), (low, likely, high), date(2026, 11, 20))


DRAWN: dict[str, tuple[Callable[[Any], f.Figure], Any]] = {
    "stave": (f.stave, score()),
    "stave ended": (f.stave, score(now=False)),
    "glyph": (f.stave_glyph, score()),
    "small": (f.stave_small, score()),
    "cost": (f.cost_range, costs()),
    "histogram": (f.histogram, samples()),
    "map": (f.route_map, plan()),
    "frontier": (f.frontier, market()),
    "cut": (f.cut, graph()),
    "cut too large": (f.cut, f.Cut((), (), (400, 400), 19176, 11000, "11 000", "8 176")),
    "circuit": (f.circuit, qaoa()),
    "energies": (f.energies, CURVE),
    "kernel": (f.kernel, matrix()),
    "kernel without a QPU": (f.kernel, matrix(measured=False)),
    "arms": (f.bars, arms()),
    "counts": (f.counts, outcomes_seen()),
    "counts simulated": (f.counts, outcomes_seen("Simulated", "cpu")),
    "budget": (f.budget_bullet, budget()),
    "burndown": (lambda data: f.burndown(data, "Half is left."), burning()),
    "outcomes": (f.outcome_bar, outcomes()),
    "trend": (f.trend, weeks()),
    "days": (f.day_strip, days()),
    "sparkline": (lambda v: f.sparkline(v, "Cost"), (3, 2, 4.5, None, 1)),
}

HOSTILE: dict[str, tuple[Callable[[Any], f.Figure], Any]] = {
    "stave": (f.stave, score(EVIL)),
    "glyph": (f.stave_glyph, score(EVIL)),
    "histogram": (f.histogram, samples(EVIL)),
    "map": (f.route_map, plan(EVIL)),
    "frontier": (f.frontier, market(EVIL)),
    "cut": (f.cut, graph(EVIL)),
    "circuit": (f.circuit, qaoa(EVIL)),
    "kernel": (f.kernel, matrix(EVIL)),
    "arms": (f.bars, arms(EVIL)),
    "counts": (f.counts, outcomes_seen(EVIL)),
    "outcomes": (f.outcome_bar, outcomes(EVIL)),
    "trend": (f.trend, weeks(EVIL)),
    "sparkline": (lambda v: f.sparkline(v, EVIL), (1, 2)),
    "cost": (f.cost_range, f.CostRange(Decimal(1), Decimal(2), Decimal(3), Decimal(4), EVIL)),
}

ODD: dict[str, tuple[Callable[[Any], f.Figure], Any]] = {
    "kernel of nothing": (f.kernel, f.Kernel((), 0, "nobody")),
    "kernel with nan": (f.kernel, matrix(value=float("nan"))),
    "kernel with a gap": (f.kernel, matrix(value=None)),
    "kernel off the scale": (f.kernel, matrix(value=7.0)),
    "kernel of short rows": (f.kernel, f.Kernel((f.KernelRow(1, "a", "", (), ()),), 2, "a")),
    "stave without bars": (f.stave, f.Stave(())),
    "glyph without bars": (f.stave_glyph, f.Stave(())),
    "small without bars": (f.stave_small, f.Stave(())),
    "stave of one moment": (f.stave, f.Stave((f.Bar(f.Lane.CPU, T0, T0, "x"),), now=T0)),
    "stave that ends before it starts": (f.stave, f.Stave((f.Bar(f.Lane.QPU, at(9), T0, "x"),))),
    "stave of one wait": (f.stave, f.Stave((f.Bar(f.Lane.QPU, T0, at(900), "x", f.Kind.WAIT),), now=at(60))),
    "stave whose now is later": (f.stave, f.Stave((f.Bar(f.Lane.CPU, T0, at(5), "x"),), now=at(500))),
    "cost of nothing": (f.cost_range, costs("0", "0", "0", "0")),
    "cost unknown": (f.cost_range, costs(None, None, None, None)),
    "cost without range": (f.cost_range, costs(None, "30", None, "45")),
    "cost nan": (f.cost_range, costs("NaN", "Infinity", "3", "4")),
    "histogram before data": (f.histogram, f.Histogram((), "m", 0, None)),
    "histogram without valid": (f.histogram, f.Histogram((), "m", 100, 0, (("rule", 100),))),
    "histogram of one bin": (f.histogram, f.Histogram((f.Bin(5, 5, 1),), "m", 1, 1, best_classical=5)),
    "histogram far away": (f.histogram, f.Histogram((f.Bin(5, 6, 3),), "", 3, 3, best_classical=-1e9)),
    "map of nothing": (f.route_map, f.RouteMap(())),
    "map of one stop": (f.route_map, f.RouteMap((f.Stop(1, 1, "a"),), f.Route("r", ((),)))),
    "map on one spot": (
        f.route_map,
        f.RouteMap((f.Stop(1, 1, "a"), f.Stop(1, 1, "b")), f.Route("r", ((1,),))),
    ),
    "map on a line": (f.route_map, f.RouteMap((f.Stop(1, 1, "a"), f.Stop(9, 1, "b")), depot=None)),
    "map with nan": (f.route_map, f.RouteMap((f.Stop(float("nan"), 1, "a"), f.Stop(9, 1, "b")))),
    "frontier of nothing": (f.frontier, f.Frontier(())),
    "frontier of a cloud": (f.frontier, f.Frontier(market().cloud)),
    "frontier of one spot": (f.frontier, f.Frontier((), answer=f.Place(0.2, 0.0, "a"))),
    "frontier without risk": (f.frontier, f.Frontier((), answer=f.Place(0.0, 0.0, "a"))),
    "frontier of losses": (f.frontier, f.Frontier((f.Place(0.1, -0.5), f.Place(0.3, -12.0)))),
    "frontier nan": (f.frontier, f.Frontier((f.Place(float("nan"), 1.0), f.Place(0.1, 0.2)))),
    "frontier of a hair": (f.frontier, f.Frontier((f.Place(0.1, 0.2), f.Place(0.1 + 1e-9, 0.2)))),
    "cut of one node": (f.cut, f.Cut((f.Node(1, 1, "a", False),), (), (1, 0), 0, 0, "0", "0")),
    "cut with nan": (
        f.cut,
        f.Cut(
            (f.Node(float("nan"), 1, "a", True), f.Node(1, 1, "b", False)),
            (f.Edge(0, 9, 1.0),),
            (1, 1),
            1,
            0,
            "0",
            "1",
        ),
    ),
    "circuit without gates": (f.circuit, f.Circuit("empty", 0, ())),
    "circuit of 500 layers": (f.circuit, qaoa(layers=500, qubits=4)),
    "energies of nothing": (f.energies, loop()),
    "energies of one": (f.energies, loop((-1.13, 0.0, True))),
    "energies nan": (
        f.energies,
        loop((float("nan"), 1.0, False), (None, None, True), (-1.1, float("inf"), True)),
    ),
    "energies of a hair": (f.energies, f.Energies((f.Measured(1, 0.0, 0.0),), 0.0, 0.0, 0.0)),
    "energies of many": (f.energies, loop(*[(-1.1, 0.01, False)] * 40)),
    "counts of nothing": (f.counts, f.Counts("Measured", 0, ())),
    "counts of one": (f.counts, f.Counts("Measured", 9, (f.OutcomeShare("1", 1, 1),))),
    "counts with nan": (f.counts, f.Counts("Measured", 9, (f.OutcomeShare("1", float("nan"), 2),))),
    "arms without results": (f.bars, f.Arms((f.Arm("a", "qpu", None),), "m")),
    "one arm": (f.bars, f.Arms((f.Arm("a", "qpu", 3.0),), "m")),
    "equal arms": (f.bars, f.Arms((f.Arm("a", "qpu", 3.0), f.Arm("b", "cpu", 3.0)), "m", 3.0)),
    "arms nan": (f.bars, f.Arms((f.Arm("a", "qpu", float("nan")), f.Arm("b", "cpu", 3.0)), "m")),
    "budget without limit": (f.budget_bullet, budget(limit=None)),
    "burndown before its first day": (lambda data: f.burndown(data, "Nothing yet."), burning(days=0)),
    "burndown of one day": (lambda data: f.burndown(data, "Half is left."), burning(days=1)),
    "burndown of nothing": (lambda data: f.burndown(data, "Nothing."), burning(limit=0)),
    "burndown below zero": (lambda data: f.burndown(data, "Too much."), burning(limit=5, ends=(-90, -40, 2))),
    "budget of nothing": (f.budget_bullet, f.Budget(Decimal(0), Decimal(0), Decimal(0))),
    "nothing spent": (f.outcome_bar, f.Outcomes(())),
    "no weeks": (f.trend, f.Trend(())),
    "one week": (f.trend, f.Trend((f.Week("wk 1", 1, Decimal(3)),))),
    "none accepted": (f.trend, f.Trend((f.Week("wk 1", 0, None), f.Week("wk 2", 0, None)))),
    "equal weeks": (f.trend, f.Trend((f.Week("wk 1", 1, Decimal(3)), f.Week("wk 2", 1, Decimal(3))))),
    "no days": (f.day_strip, f.Days(())),
    "empty day": (f.day_strip, f.Days((f.Day(date(2026, 1, 1), 0, 3),))),
    "no values": (lambda v: f.sparkline(v, "x"), ()),
    "one value": (lambda v: f.sparkline(v, "x"), (1.0,)),
    "equal values": (lambda v: f.sparkline(v, "x"), (1.0, 1.0, 1.0)),
    "only gaps": (lambda v: f.sparkline(v, "x"), (None, float("nan"))),
}
ALL = {**DRAWN, **{f"hostile {k}": v for k, v in HOSTILE.items()}, **ODD}


@pytest.mark.parametrize("name", ALL)
def test_every_figure_is_well_formed_and_says_what_it_shows(name: str):
    draw, data = ALL[name]
    drawn = draw(data)
    ElementTree.fromstring(f"<div>{drawn.svg}</div>")
    assert drawn.sentence
    assert 'role="img"' in drawn.svg or 'role="group"' in drawn.svg or drawn.svg.startswith(("<p", "<span"))
    shown = drawn.svg + drawn.sentence + str(drawn.table.rows)
    assert not re.search(r"\b(None|nan|NaN|inf|Infinity|Decimal)\b", shown)
    assert " style=" not in drawn.svg
    assert all(len(row) == len(drawn.table.head) for row in drawn.table.rows)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_label_never_becomes_markup(name: str):
    draw, data = HOSTILE[name]
    svg = draw(data).svg
    assert "<img" not in svg
    tree = ElementTree.fromstring(f"<div>{svg}</div>")
    assert not any(key.startswith("on") for node in tree.iter() for key in node.attrib)


@pytest.mark.parametrize("name", ALL)
def test_the_same_data_gives_the_same_drawing(name: str):
    draw, data = ALL[name]
    assert draw(data) == draw(data)


@pytest.mark.parametrize("name", DRAWN)
def test_each_drawing_has_a_table(name: str):
    draw, data = DRAWN[name]
    assert draw(data).table.rows


@pytest.mark.parametrize("name", ALL)
def test_no_bar_leaves_its_drawing(name: str):
    draw, data = ALL[name]
    for x in re.findall(r'\s(?:x|cx|x1|x2)="([^"]+)%"', draw(data).svg):
        assert -0.01 <= float(x) <= 100.01
    for width in re.findall(r'\s(?:width|height|r)="([^"%]+)%?"', draw(data).svg):
        assert float(width) >= 0


def test_the_stave_folds_waits_and_keeps_compute_to_scale():
    svg = f.stave(score()).svg
    approval = re.search(r"Approval.*?width=\"([\d.]+)%\"", svg)
    reduce = re.search(r"Reduce: 46.*?width=\"([\d.]+)%\"", svg)
    assert approval and reduce and float(approval[1]) < float(reduce[1])
    assert svg.count("preserveAspectRatio") == 4  # one zigzag for each folded wait
    assert 'href="#d1"' in svg and "now " in svg
    true = f.stave(f.Stave(score().bars, folded=False)).svg
    assert "preserveAspectRatio" not in true and "now " not in true


def test_hundreds_of_submissions_stay_small():
    bars, t = [], 0
    for i in range(500):
        bars += [
            f.Bar(f.Lane.QPU, at(t), at(t + 40), "Queue", f.Kind.WAIT),
            f.Bar(f.Lane.QPU, at(t + 40), at(t + 46), f"S{i}"),
        ]
        t += 46
    drawn = f.stave(f.Stave(tuple(bars)))
    assert len(drawn.svg) < 20_000
    assert "500 pieces of work" in drawn.svg


def test_the_best_classical_line_is_in_the_histogram_and_good_bars_differ():
    svg = f.histogram(samples()).svg
    assert "best classical" in svg
    assert svg.count('class="f-pine"') == 2  # the one bin that is wholly at or under 1 296 m, and the legend
    assert "at least" in f.histogram(samples()).sentence, "nobody sees which shots of the bin around it are"
    assert "polyline" in svg  # the control


def test_a_week_without_a_solution_breaks_the_line():
    drawn = f.trend(weeks())
    assert drawn.table.rows[1][1] == "none accepted"
    assert drawn.svg.count("<polyline") == 0  # two lonely points, no line through a gap


def test_a_wide_circuit_is_folded_and_says_so():
    drawn = f.circuit(qaoa())
    assert "q17" in drawn.svg and ">q9<" not in drawn.svg
    assert "10 more qubits" in drawn.sentence
    assert any("q9" in row[1] for row in drawn.table.rows)


def test_the_frontier_names_its_axes_and_nests_what_coincides():
    """Both axes carry their unit; one label for two portfolios on one spot, one for the third; the table has all."""
    drawn = f.frontier(market())
    assert "risk: volatility a year" in drawn.svg and "return a year" in drawn.svg
    assert ">answer, best classical<" in drawn.svg and ">heuristic<" in drawn.svg
    one = f.Place(0.2, 0.1, "x")
    assert ">all three<" in f.frontier(f.Frontier((), (), one, one, one)).svg
    assert [row[0] for row in drawn.table.rows[:3]] == ["Answer greedy", "Answer SCIP", "Answer"]
    assert drawn.table.rows[2][1:4] == ("21.0\u202f%", "21.4\u202f%", "11.7\u202f%")
    assert drawn.svg.count('class="f-ink3 thin"') == 40
    assert "40 random choices and 5 efficient ones" in drawn.sentence


def test_a_loop_is_drawn_over_the_exact_energy_and_says_on_which_side_of_it_it_ended():
    drawn = f.energies(CURVE)
    assert [row[0] for row in drawn.table.rows] == ["1", "2", "3, last"]
    assert drawn.table.rows[0][3] == "20.30\u202fmHa above exact"
    assert "0.70\u202fmHa below exact" in drawn.sentence and "chemical accuracy" in drawn.svg
    heights = [float(y) for y in re.findall(r'<circle cx="[0-9.]+%" cy="([0-9.]+)"', drawn.svg)]
    assert heights == sorted(heights), "lower energies are further down"
    assert drawn.svg.count("<polyline") == 1
    assert "No energy was measured" in f.energies(loop((None, None, True))).sentence


def test_more_return_is_higher_and_more_risk_is_further_right():
    places = (f.Place(0.1, 0.05), f.Place(0.3, 0.2))
    svg = f.frontier(f.Frontier(places)).svg
    (x1, y1), (x2, y2) = (
        (float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)%" cy="([\d.]+)"', svg)[:2]
    )
    assert x1 < x2 and y1 > y2


def test_a_budget_over_its_limit_changes_its_look():
    assert "f-deg" in f.budget_bullet(budget("4100")).svg
    assert "f-deg" not in f.budget_bullet(budget()).svg
    assert dict(f.budget_bullet(budget()).table.rows)["Free"].endswith("097.40")


def test_pairs_of_bars_are_to_scale_and_leave_room_for_their_numbers():
    drawn = f.counts(outcomes_seen())
    bars = re.findall(r'<rect x="([\d.]+)%" y="[\d.]+" width="([\d.]+)%"', drawn.svg)
    widths = [float(width) for _, width in bars]
    assert widths == pytest.approx([0.47 * 112, 56, 0.41 * 112, 56, 0.12 * 112, 0], abs=0.01)
    assert max(float(x) + float(width) for x, width in bars) == pytest.approx(86)
    assert drawn.table.rows[0][1:] == ("47\u202f%", "50\u202f%")
    assert 'class="f-cpu"' not in drawn.svg
    assert 'class="bar-qpu"' not in f.counts(outcomes_seen("Simulated", "cpu")).svg


def test_what_is_cut_is_drawn_apart_from_what_is_not():
    """One solid line for each edge between a circle and a square; the table counts both ends of each."""
    data = graph()
    drawn = f.cut(data)
    body = drawn.svg.split("</svg>")[0]
    assert body.count('class="e-cut"') == data.cut_count > 0
    assert body.count('class="e-kept"') == data.edge_count - data.cut_count > 0
    assert (body.count('class="n-zero"'), body.count('class="n-one"'), body.count('class="n-open"')) == (
        4,
        4,
        3,
    )
    assert sum(int(row[2]) for row in drawn.table.rows) == 2 * data.cut_count


def test_a_graph_of_a_size_nobody_can_read_is_told_in_words():
    drawn = f.cut(f.Cut((), (), (400, 400), 19176, 11000, "11 000", "8 176"))
    assert "<svg" not in drawn.svg
    assert "none is drawn" in drawn.sentence
    assert ("edges not cut", "8\u202f176") in drawn.table.rows


def test_a_kernel_tells_measured_from_exact_and_who_was_wrong():
    drawn = f.kernel(matrix())
    assert "measured: 0.40" in drawn.svg
    assert "exact: 0.20" in drawn.svg
    assert "12 good, wrong" in drawn.svg
    assert drawn.sentence.startswith(
        "2 test points against 2 landmarks, decided by the measured kernel: 1 wrong."
    )
    assert drawn.table.rows[2][1:] == ("bad, wrong", "0.50 (0.61)", "0.40 (0.70)")
    alone = f.kernel(matrix(measured=False))
    assert "measured:" not in alone.svg
    assert alone.table.rows[0][2] == "1.00"
    near = f.kernel(f.Kernel((f.KernelRow(1, "a", "", (1.0, 0.97), (1.0, 0.95)),), 2, "x"))
    assert 'fill-opacity="0.5"' in near.svg, "the scale begins where the values do"
