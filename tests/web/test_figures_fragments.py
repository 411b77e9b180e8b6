"""The pieces every page wears, rendered alone and without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from hybridops.domain.states import RunState
from hybridops.web import figures

EVIL = "<img src=x onerror=alert(1)>"


def request(theme: str = ""):
    asked = RequestFactory().get("/")
    asked.user = AnonymousUser()
    if theme:
        asked.COOKIES["theme"] = theme
    return asked


@pytest.mark.parametrize("state", list(RunState))
def test_a_state_is_a_glyph_and_a_word(state: RunState):
    html = render_to_string("_state.html", {"state": state})
    assert "<use href=" in html
    assert Template("{{ html|striptags }}").render(Context({"html": html})).strip()


def test_only_the_one_who_may_decide_reads_waiting_for_you():
    assert "Waiting for you" in render_to_string("_state.html", {"state": "awaiting_approval", "yours": True})
    assert "Waiting for approval" in render_to_string("_state.html", {"state": "awaiting_approval"})
    assert "Waiting" not in render_to_string("_state.html", {"state": "running", "yours": True})


def test_a_state_nobody_described_is_escaped_words():
    assert "<img" not in render_to_string("_state.html", {"state": EVIL, "detail": EVIL})


def test_a_figure_has_a_name_a_sentence_and_a_table():
    bar = figures.Bar(
        figures.Lane.CPU, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC), EVIL
    )
    html = render_to_string("_figure.html", {"figure": figures.stave(figures.Stave((bar,))), "fig_id": "f1"})
    assert 'id="f1"' in html
    assert "Show as table" in html
    assert "<figcaption><p>Timeline:" in html
    assert "<img" not in html


def test_pages_of_a_list_always_show_the_count():
    page = Paginator(range(214), 50).page(2)
    html = render_to_string("_pagination.html", {"page": page, "what": "runs", "query": "state=failed&"})
    assert "51 to 100 of 214 runs" in html
    assert 'href="?state=failed&amp;page=3"' in html
    assert "0 rows" in render_to_string("_pagination.html", {"page": Paginator([], 50).page(1)})


@pytest.mark.parametrize("name", ["404.html", "403.html", "403_csrf.html", "429.html", "500.html"])
def test_error_pages_need_no_context(name: str):
    html = render_to_string(name, {}, request=request())
    assert "hybridops" in html
    assert "/work" not in html


@pytest.mark.parametrize(("cookie", "shown"), [("dark", "dark"), ("", "auto"), ('"><script>', "auto")])
def test_the_stored_scheme_is_in_the_first_byte(cookie: str, shown: str):
    assert f'<html lang="en" data-theme="{shown}">' in render_to_string(
        "404.html", {}, request=request(cookie)
    )


def test_the_rail_counts_and_marks_where_we_are():
    items = [
        {"label": "Runs", "url": "/runs/", "icon": "runs", "current": True, "count": 0},
        {"label": "Approvals", "url": "/approvals/", "icon": "person", "current": False, "count": 3},
    ]
    user = SimpleNamespace(is_authenticated=True)
    context = {"nav": [{"title": "Work", "items": items}], "user": user, "user_name": "Inês Duarte"}
    html = render_to_string("_rail.html", context) + render_to_string("_tabs.html", context)
    assert html.count('aria-current="page"') == 2
    assert html.count('class="count">3') == 2
    assert ">ID<" in html


def test_a_spending_stop_says_who_when_and_why():
    stop = {"who": "Olga", "when": datetime(2026, 1, 1, 9, 12, tzinfo=UTC), "why": EVIL}
    html = render_to_string("_strips.html", {"spending_stop": stop, "demo": True})
    assert "Olga" in html
    assert "09:12" in html
    assert "<img" not in html
    assert "Nothing here costs money." in html
