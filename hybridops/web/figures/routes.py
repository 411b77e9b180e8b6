"""Routes on their plan: the best solid, the classical one dashed, a third dotted, the depot a square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hybridops.web import fmt
from hybridops.web.figures.svg import Figure, Raw, el, figure, finite, join, key, num

type Tours = tuple[tuple[int, ...], ...]  # each tour lists stops by index; the depot is added at both ends

WIDTH, HEIGHT, MARGIN = 520.0, 300.0, 20.0


@dataclass(frozen=True, slots=True)
class Stop:
    x: float
    y: float
    name: str


@dataclass(frozen=True, slots=True)
class Route:
    name: str
    tours: Tours
    length: str = ""  # already formatted, as the table shows it


@dataclass(frozen=True, slots=True)
class RouteMap:
    stops: tuple[Stop, ...]
    best: Route | None = None
    baseline: Route | None = None
    third: Route | None = None
    depot: int | None = 0


_STYLES = (("third", "r-third"), ("baseline", "r-base"), ("best", "r-best"))  # drawn in this order


def route_map(plan: RouteMap) -> Figure:
    head = ("Stop", "Place in " + (plan.best.name if plan.best else "route"))
    if not plan.stops:
        empty = "No stop to draw."
        return figure(el("p", empty, cls="hint"), empty, head, [])
    places = _places(plan.stops)
    routes = [(getattr(plan, field), cls) for field, cls in _STYLES]
    paths = [_path(route, places, plan.depot, cls) for route, cls in routes if route]
    sentence = _sentence(plan)
    box = f"0 0 {num(WIDTH)} {num(HEIGHT)}"
    parts = [*paths, *_stops(plan, places)]
    drawing = el("svg", *parts, cls="map", viewbox=box, width="100%", role="img", aria_label=sentence)
    markup = join((el("div", drawing, cls="pad"), _legend(plan)))
    return figure(markup, sentence, head, _rows(plan))


def _places(stops: Sequence[Stop]) -> list[tuple[float, float]]:
    """To scale, as large as fits, in the middle; stops on one spot or one line are no special case."""
    xs, ys = [finite(s.x) or 0.0 for s in stops], [finite(s.y) or 0.0 for s in stops]
    wide, tall = max(xs) - min(xs), max(ys) - min(ys)
    scale = min((WIDTH - 2 * MARGIN) / (wide or 1e-9), (HEIGHT - 2 * MARGIN) / (tall or 1e-9))
    scale = 0.0 if wide == tall == 0 else scale
    left, top = (WIDTH - wide * scale) / 2, (HEIGHT - tall * scale) / 2
    return [(left + (x - min(xs)) * scale, top + (max(ys) - y) * scale) for x, y in zip(xs, ys, strict=True)]


def _path(route: Route, places: list[tuple[float, float]], depot: int | None, cls: str) -> Raw:
    pieces = []
    for tour in route.tours:
        order = [i for i in _closed(tour, depot) if 0 <= i < len(places)]
        points = " ".join(f"{num(places[i][0])},{num(places[i][1])}" for i in order)
        pieces.append(el("polyline", points=points, cls=cls))
    return el("g", el("title", route.name), *pieces)


def _closed(tour: tuple[int, ...], depot: int | None) -> tuple[int, ...]:
    if not tour:
        return ()
    if depot is None:
        return (*tour, tour[0])
    inner = tuple(i for i in tour if i != depot)
    return (depot, *inner, depot)


def _stops(plan: RouteMap, places: list[tuple[float, float]]) -> list[Raw]:
    radius = 4.6 if len(places) <= 60 else 2.6
    out = []
    for i, (stop, (x, y)) in enumerate(zip(plan.stops, places, strict=True)):
        title = el("title", stop.name)
        if i == plan.depot:
            out.append(el("rect", title, x=x - 7, y=y - 7, width=14, height=14, rx=3, cls="f-ink s-surface"))
        else:
            out.append(el("circle", title, cx=x, cy=y, r=radius, cls="r-stop"))
    return out


def _legend(plan: RouteMap) -> Raw:
    entries = []
    for field, cls in reversed(_STYLES):
        route = getattr(plan, field)
        if route:
            words = f"{route.name}, {route.length}" if route.length else route.name
            entries.append((el("path", d="M1 6.5h20", cls=cls), words))
    if plan.depot is not None:
        entries.append((el("rect", x=5, y=0.5, width=12, height=12, rx=3, cls="f-ink"), "start and end"))
    return key(*entries)


def _rows(plan: RouteMap) -> list[tuple[str, str]]:
    order: dict[int, str] = {}
    tours = plan.best.tours if plan.best else ()
    for t, tour in enumerate(tours, 1):
        prefix = f"tour {t}, " if len(tours) > 1 else ""
        order |= {stop: f"{prefix}{k}" for k, stop in enumerate((i for i in tour if i != plan.depot), 1)}
    start = {plan.depot: "start and end"} if plan.depot is not None else {}
    return [(s.name, start.get(i) or order.get(i, "–")) for i, s in enumerate(plan.stops)]


def _sentence(plan: RouteMap) -> str:
    drawn = [r for r in (plan.best, plan.baseline, plan.third) if r]
    names = " and ".join(f"{r.name}, {r.length}" if r.length else r.name for r in drawn)
    stops = len(plan.stops) - (plan.depot is not None)
    return f"Map of {fmt.number(stops)} stops" + (f" with {names}." if names else ", no route yet.")
