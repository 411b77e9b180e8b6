"""A run as a notebook shows it: one line, its stages and arms; nothing of what the site says is taken as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hybridops.client.run_shapes import Run

FIRST = ("quantum", "baseline", "heuristic", "random")
BEHIND = ("done", "fell_back", "skipped", "failed")


def arms(run: Run) -> dict[str, float | None]:
    """Each arm's objective, the answer's first."""
    told = (run.score or {}).get("arms")
    found = told if isinstance(told, dict) else {}
    names = [*(name for name in FIRST if name in found), *sorted(set(found) - set(FIRST))]
    return {str(name): _number(found[name]) for name in names}


def _number(arm: Any) -> float | None:
    value = arm.get("objective") if isinstance(arm, dict) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def answer(run: Run) -> str:
    state = run.state.replace("_", " ").capitalize()
    waits = (
        "" if run.state == "awaiting_approval" else next((s.why for s in run.stages if s.state == "held"), "")
    )
    why = run.why or waits
    return f"{state}: {why.rstrip('.')}." if why else f"{state}."


def progress(run: Run) -> float:
    if run.ended or not run.stages:
        return 1.0 if run.ended else 0.0
    done = sum(1.0 if one.state in BEHIND else max(0.0, min(1.0, one.progress)) for one in run.stages)
    return done / len(run.stages)


def html(run: Run) -> str:
    spent = "nothing billed yet" if run.spent_usd is None else f"${run.spent_usd:f}"
    sent = next((one.backend for one in reversed(run.submissions)), run.backend)
    facts = f"{run.workflow}, {sent or 'no backend yet'}, {run.requested_by}, {spent}"
    head = f"<p><b>{escape(f'{run}  {run.title}')}</b><br>{escape(run.answer)}<br>{escape(facts)}</p>"
    stages = [(one.label, one.state.replace("_", " "), _seconds(one.seconds)) for one in run.stages]
    scores = [
        (name, "no feasible answer" if value is None else f"{value:g}") for name, value in run.arms.items()
    ]
    return head + _table(("Stage", "State", "Took"), stages) + _table(("Arm", "Objective"), scores)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3g} s"


def _table(heads: tuple[str, ...], rows: list[Any]) -> str:
    if not rows:
        return ""
    top = "".join(f"<th scope='col'>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(one))}</td>" for one in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def plot(run: Run) -> Any:
    """A dot for each arm, as they lie close together; below, how the shots are spread, where the score tells it."""
    from plotly.graph_objects import Figure, Scatter
    from plotly.subplots import make_subplots

    found = {name: value for name, value in run.arms.items() if value is not None}
    edges, counts = _histogram(run)
    figure: Figure = make_subplots(rows=2 if counts else 1, cols=1)
    dots = Scatter(x=list(found), y=list(found.values()), mode="markers", name="objective", showlegend=False)
    figure.add_trace(dots, row=1, col=1)
    for name, seen in counts.items():
        figure.add_trace(Scatter(x=edges, y=seen, name=escape(name), line_shape="hv"), row=2, col=1)
    figure.update_layout(title=escape(f"{run}  {run.title}"), yaxis_title="objective, lower is better")
    if counts:
        figure.update_layout(xaxis2_title="objective", yaxis2_title="shots")
    return figure


def _histogram(run: Run) -> tuple[list[float], dict[str, list[int]]]:
    told = (run.score or {}).get("histogram")
    if not isinstance(told, dict) or not isinstance(told.get("counts"), dict):
        return [], {}
    edges = told.get("edges")
    return (list(edges) if isinstance(edges, list) else []), {
        str(name): list(seen) for name, seen in told["counts"].items() if isinstance(seen, list)
    }
