"""How a run looks in a notebook: its words are words, whatever they are."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hybridops.client.reading import read
from hybridops.client.run_shapes import Run
from tests.client.test_wire import run_body

EVIL = "<script>alert(1)</script><img src=x onerror='alert(1)'>&\""
SCORE = {
    "arms": {
        "random": {"objective": 99.0},
        "quantum": {"objective": 90.0},
        EVIL: {"objective": None},
        "odd": 3,
    },
    "histogram": {"edges": [0.0, 1.0, 2.0], "counts": {"quantum": [3, 4], EVIL: [1, 1]}},
}


def run(**changes: Any) -> Run:
    return read(Run, run_body(**changes))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: list[Any] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        self.attributes += attrs


PLAIN = {"p", "b", "br", "table", "thead", "tbody", "tr", "th", "td"}


def test_a_run_is_shown_with_its_state_its_answer_and_its_arms() -> None:
    shown = run(state="accepted", why="90 is no more than the heuristic's 100", score=SCORE)
    html = shown._repr_html_()
    assert "R-12" in html and "Accepted: 90 is no more than the heuristic&#x27;s 100." in html
    assert "<td>quantum</td><td>90</td>" in html and "no feasible answer" in html
    assert list(shown.arms)[:2] == ["quantum", "random"]


def test_nothing_of_it_is_html() -> None:
    stage = {**run_body()["stages"][0], "label": EVIL, "state": EVIL}
    names = ("title", "why", "backend", "requested_by", "state", "workflow")
    html = run(**dict.fromkeys(names, EVIL), stages=[stage], score=SCORE)._repr_html_()
    tags = Tags(html)
    assert tags.seen == PLAIN and set(tags.attributes) == {("scope", "col")}


@given(st.text(max_size=30))
def test_no_title_is_html(text: str) -> None:
    assert Tags(run(title=text, why=text)._repr_html_()).seen <= PLAIN


def test_a_run_is_plotted_with_what_there_is() -> None:
    figure = run(score=SCORE).plot()
    assert [one.type for one in figure.data] == ["scatter"] * 3
    assert "<script>" not in figure.to_json().replace("\\u003c", "<")
    assert [one.type for one in run().plot().data] == ["scatter"]
